"""``interlock why``: every path from a member to a package, with the conditions on the way."""

from __future__ import annotations

import msgspec

from interlock.core.lock.graph import Graph
from interlock.core.names import NormalizedName
from interlock.ops.reading import Locked
from interlock.ops.tree import Node, build_tree
from interlock.workspace.options import TreeOptions

__all__ = ["MOST_PATHS", "Path", "Step", "find_paths"]

MOST_PATHS = 200
"""More paths to one package than this teach nobody anything."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One package on a path, and how the one before it asks for it."""

    name: NormalizedName
    version: str = ""
    via: str = ""
    """``extra x`` or ``group y`` of the one before."""
    extras: tuple[str, ...] = ()
    marker: str = ""


class Path(msgspec.Struct, frozen=True, kw_only=True):
    member: NormalizedName
    steps: tuple[Step, ...]
    """From the member to the package."""


def find_paths(
    locked: Locked, name: NormalizedName, environment: dict[str, str] | None = None
) -> tuple[tuple[Path, ...], bool]:
    """The paths of the selected members, shortest first, and whether there are more than are given.

    Raises :class:`~interlock.ops.tree.NotInLock`.
    """
    options = TreeOptions(roots=(name,), invert=True, repeat=True, universal=environment is None)
    found: list[Path] = []
    for root in build_tree(Graph(locked.lock), locked.selection, options, environment):
        _collect(root, [Step(name=root.name, version=root.version)], found)
    found.sort(key=lambda path: (path.member, len(path.steps), [step.name for step in path.steps]))
    kept = found[:MOST_PATHS]
    return tuple(kept), len(found) > len(kept)


def _collect(node: Node, below: list[Step], found: list[Path]) -> None:
    if len(found) > MOST_PATHS:
        return
    if node.kind == "member" and len(below) > 1:
        found.append(Path(member=node.name, steps=tuple(reversed(below))))
    for child in node.children:
        # In an inverted tree, a child says how it asks for its parent.
        asked = msgspec.structs.replace(below[-1], via=child.via, extras=tuple(child.extras), marker=child.marker)
        _collect(child, [*below[:-1], asked, Step(name=child.name, version=child.version)], found)
