"""``interlock why``: every path from a member to a package, with the conditions on the way."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from interlock.core.lock.graph import Graph, Key, Target, key_of
from interlock.core.lock.model import LockedMember
from interlock.core.names import NormalizedName
from interlock.core.selection import Selection
from interlock.ops.links import Link, Links, inverted, links_of, named, reached

__all__ = ["MOST_PATHS", "Path", "Step", "find_paths"]

MOST_PATHS = 200
"""More paths to one package than this teach nobody anything."""
_MOST_STEPS = 100_000
"""Steps to try in search of them: where packages need each other in circles, most steps lead back."""


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
    graph: Graph, selection: Selection, name: NormalizedName, environment: Mapping[str, str] | None = None
) -> tuple[tuple[Path, ...], bool]:
    """The paths of members to a package, and whether there are more than are given.

    By member, shortest first; where they are too many, the shortest of every member come before the second shortest.
    Raises :class:`~interlock.ops.links.NotInLock`.
    """
    links = links_of(graph, selection, environment)
    search = _Search(links, _distances(inverted(graph, links), named(graph, links, name)))
    members = [target for target in reached(graph, links) if isinstance(target, LockedMember)]
    found, complete = search.shortest(members)
    found.sort(key=lambda path: (path.member, len(path.steps), [step.name for step in path.steps]))
    return tuple(found), not complete


def _distances(parents: Links, ends: list[Target]) -> dict[Key, int]:
    """How many steps it is to the nearest end, for everything that leads to one."""
    found = {key_of(end): 0 for end in ends}
    waiting = deque(found)
    while waiting:
        key = waiting.popleft()
        for link in parents.get(key, ()):
            before = key_of(link.target)
            if before not in found:
                found[before] = found[key] + 1
                waiting.append(before)
    return found


class _Way(NamedTuple):
    """A path on its way to the package. Ordered by the length it will have at least, then by what it passes."""

    length: int
    passed: tuple[tuple[Key, str], ...]
    """With what of the one before asks for each."""
    links: tuple[Link, ...]


class _Search:
    """Best first, by the steps made and the least that are left; so each path is found after all shorter ones."""

    def __init__(self, links: Links, distances: dict[Key, int]) -> None:
        self._links = links
        self._distances = distances
        self._steps = 0

    def __repr__(self) -> str:
        return f"_Search({self._steps} steps)"

    def shortest(self, members: list[LockedMember]) -> tuple[list[Path], bool]:
        """In turn one more path of each member, up to the number worth showing; and whether these are all."""
        starts = [member for member in members if key_of(member) in self._distances]
        starts.sort(key=lambda member: (self._distances[key_of(member)], member.name))
        found: list[Path] = []
        searches = deque(self._paths(member) for member in starts)
        while searches:
            path = next(searches[0], None)
            if path is None:
                searches.popleft()
            elif len(found) == MOST_PATHS:
                return found, False
            else:
                found.append(path)
                searches.rotate(-1)
        return found, self._steps < _MOST_STEPS

    def _paths(self, member: LockedMember) -> Iterator[Path]:
        start = key_of(member)
        waiting = [_Way(self._distances[start], ((start, ""),), ())]
        while waiting and self._steps < _MOST_STEPS:
            way = heapq.heappop(waiting)
            self._steps += 1
            here = way.passed[-1][0]
            if way.links and self._distances[here] == 0:
                yield _path(member, way.links)
            before = {key for key, _ in way.passed}
            for link in self._links.get(here, ()):
                key = key_of(link.target)
                left = self._distances.get(key)
                if left is not None and key not in before:
                    passed = (*way.passed, (key, link.via))
                    heapq.heappush(waiting, _Way(len(way.passed) + left, passed, (*way.links, link)))


def _path(member: LockedMember, links: tuple[Link, ...]) -> Path:
    steps = [Step(name=member.name)]
    for link in links:
        target = link.target
        version = "" if isinstance(target, LockedMember) else target.version
        edge = link.edge
        steps.append(Step(name=target.name, version=version, via=link.via, extras=edge.extras, marker=edge.marker))
    return Path(member=member.name, steps=tuple(steps))
