"""One way from each member to a package, and a shortest one: why something is there, for findings about it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from interlock.core.lock.conflicts import activity
from interlock.core.lock.graph import Graph, Key, Target, key_of, root_edges
from interlock.core.lock.model import Edge, Lock, LockedMember
from interlock.core.markers.diagram import FALSE
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.requirements.slot import PROJECT_TABLE

__all__ = ["PathStep", "ShortestPath", "Ways", "all_of"]

Node = tuple[Key, str]
"""A part of the lock, and what of it asks: nothing for the part itself, else ``extra x`` or ``group g``."""


class PathStep(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    version: str = ""
    via: str = ""
    """``extra x`` or ``group y`` of the one before."""


class ShortestPath(msgspec.Struct, frozen=True, kw_only=True):
    member: NormalizedName
    steps: tuple[PathStep, ...]
    """From the member to the package."""


def all_of(lock: Lock) -> Selection:
    """Every member with all its extras and groups, but what a part of a workspace leaves out."""
    return Selection(
        members=tuple(
            MemberSelection(
                member=member.name,
                project=PROJECT_TABLE not in member.left_out,
                extras=tuple(member.extras),
                groups=tuple(member.groups),
            )
            for member in lock.members
        )
    )


class _Before(NamedTuple):
    node: Node
    target: Target


class Ways:
    """The ways that a selection opens through a lock, in all environments and with all that conflicts at once."""

    def __init__(self, graph: Graph, selection: Selection) -> None:
        self._graph = graph
        self._settled = activity(graph, selection).union()
        self._before: dict[Node, list[_Before]] = {}
        self._labels: dict[Key, list[str]] = {}
        """Of each part, what of it is reached."""
        self._starts: dict[NormalizedName, list[Node]] = {}
        waiting: deque[tuple[Target, str, tuple[Edge, ...]]] = deque()
        for part in selection.members:
            member = graph.member(part.member)
            starts = self._starts.setdefault(member.name, [])
            for slot, edges in zip(part.slots, root_edges(member, part), strict=True):
                label = f"{slot.kind} {slot.extra or slot.group}" if slot.extra or slot.group else ""
                if self._open(member, label):
                    waiting.append((member, label, edges))
                starts.append((key_of(member), label))
        while waiting:
            waiting.extend(self._follow(*waiting.popleft()))

    def __repr__(self) -> str:
        return f"<Ways through {len(self._labels)} parts>"

    @property
    def reached(self) -> Iterable[Target]:
        """All that the selection needs in some environment, its members included."""
        return [part for part in self._graph.targets() if key_of(part) in self._labels]

    def to(self, target: Target) -> tuple[ShortestPath, ...]:
        """A shortest path from every selected member that needs the target, by name of the member."""
        key = key_of(target)
        nearest: dict[Node, _Before] = {}
        ends = [(key, label) for label in self._labels.get(key, ())]
        seen = set(ends)
        waiting = deque(_Before(end, target) for end in ends)
        distance = dict.fromkeys(ends, 0)
        while waiting:
            after = waiting.popleft()
            for before in self._before.get(after.node, ()):
                if before.node not in seen:
                    seen.add(before.node)
                    nearest[before.node] = after
                    distance[before.node] = distance[after.node] + 1
                    waiting.append(before)
        found = []
        for name, starts in sorted(self._starts.items()):
            reaching = [start for start in starts if start in nearest]
            if reaching:
                start = min(reaching, key=lambda node: (distance[node], node[1]))
                found.append(ShortestPath(member=name, steps=tuple(_steps(name, start, nearest))))
        return tuple(found)

    def _open(self, target: Target, label: str) -> bool:
        """Note that something of a part is reached; whether that is news."""
        key = key_of(target)
        labels = self._labels.setdefault(key, [])
        if label in labels:
            return False
        labels.append(label)
        return True

    def _follow(
        self, parent: Target, label: str, edges: tuple[Edge, ...]
    ) -> Iterator[tuple[Target, str, tuple[Edge, ...]]]:
        before = _Before((key_of(parent), label), parent)
        for edge in edges:
            if self._settled(edge.marker) is FALSE:
                continue
            target = self._graph.target(edge)
            for extra in ("", *edge.extras):
                asked = f"extra {extra}" if extra else ""
                self._before.setdefault((key_of(target), asked), []).append(before)
                if self._open(target, asked):
                    yield target, asked, target.extras.get(ExtraName(extra), ()) if extra else target.dependencies


def _steps(name: NormalizedName, start: Node, nearest: dict[Node, _Before]) -> Iterator[PathStep]:
    yield PathStep(name=name)
    node = start
    while (after := nearest.get(node)) is not None:
        target = after.target
        # An extra that names its own package for others of its extras is no step to show.
        if after.node[0] != node[0]:
            version = "" if isinstance(target, LockedMember) else target.version
            yield PathStep(name=target.name, version=version, via=node[1])
        node = after.node
