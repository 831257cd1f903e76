"""What the builds of one command have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.bounds import Edge
from interlock.ops.building.internal_bounds import InternalBounds
from interlock.ops.building.output import DISTRIBUTIONS
from interlock.toolchain.siblings import BuildSiblings
from interlock.toolchain.toolchain import Toolchain

__all__ = ["BuildSettings", "Edges"]

Edges = Mapping[NormalizedName, Edge]
"""The ranges that requirements on other members get."""


class BuildSettings(msgspec.Struct, frozen=True, kw_only=True):
    toolchain: Toolchain
    siblings: BuildSiblings
    bounds: InternalBounds
    sdist: bool
    wheel: bool
    latest: int
    """No file of an sdist is younger (``SOURCE_DATE_EPOCH``)."""
    out: Path
    """Where the files go; those that are there from before are in no sdist."""

    def left_out(self, tree: Path) -> Callable[[str], bool]:
        """What was built before into a tree and is no part of its sdist, by path."""
        out = _inside(tree, self.out)
        members = {member.name for member in self.siblings.workspace.members}

        def is_ours(path: str) -> bool:
            folder, _, name = path.rpartition("/")
            built = name.endswith(DISTRIBUTIONS) and normalize_name(name.partition("-")[0]) in members
            return out is not None and built and folder == out

        return is_ours


def _inside(tree: Path, path: Path) -> str | None:
    """A path relative to a tree, empty for the tree itself; None when it is elsewhere."""
    try:
        found = Path(os.path.realpath(path)).relative_to(os.path.realpath(tree)).as_posix()
    except ValueError:
        return None
    return "" if found == "." else found
