"""``interlock why``: every path from a member to a package, with the conditions on the way."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple

import msgspec

from interlock.core.lock.graph import Graph, Key, key_of
from interlock.core.lock.model import LockedMember
from interlock.core.members.selection import Selection
from interlock.core.names import ExtraName, NormalizedName
from interlock.ops.showing.links import Labels, Link, Needs, links_of, named, reached

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
    Raises :class:`~interlock.ops.showing.links.NotInLock`.
    """
    needs = links_of(graph, selection, environment)
    links = needs.links
    ends = frozenset(key_of(end) for end in named(graph, links, name))
    search = _Search(needs, ends)
    members = [target for target in reached(graph, links) if isinstance(target, LockedMember)]
    found, complete = search.shortest(members)
    found.sort(key=lambda path: (path.member, len(path.steps), [step.name for step in path.steps]))
    return tuple(found), not complete


State = tuple[Key, Labels]
"""A target with what is followed from it."""


class _Way(NamedTuple):
    """A path on its way to the package. Ordered by the length it will have at least, then by what it passes."""

    length: int
    passed: tuple[tuple[Key, str, tuple[ExtraName, ...]], ...]
    """With what of the one before asks for each, and for which extras."""
    states: tuple[State, ...]
    links: tuple[Link, ...]


class _Search:
    """Best first, by the steps made and the least that are left; so each path is found after all shorter ones."""

    def __init__(self, needs: Needs, ends: Set[Key]) -> None:
        self._needs = needs
        self._ends = ends
        self._below: dict[State, list[tuple[Link, State]]] = {}
        self._distances: dict[State, int] = {}
        self._steps = 0

    def __repr__(self) -> str:
        return f"_Search({self._steps} steps)"

    def shortest(self, members: list[LockedMember]) -> tuple[list[Path], bool]:
        """In turn one more path of each member, up to the number worth showing; and whether these are all."""
        states = {member.name: (key_of(member), self._needs.start(member)) for member in members}
        self._measure(states.values())
        starts = [member for member in members if states[member.name] in self._distances]
        starts.sort(key=lambda member: (self._distances[states[member.name]], member.name))
        found: list[Path] = []
        searches = deque(self._paths(member, states[member.name]) for member in starts)
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

    def _measure(self, starts: Iterable[State]) -> None:
        """How many steps it is to the nearest end, for every state that leads to one."""
        above: dict[State, list[State]] = {}
        waiting = deque(starts)
        while waiting:
            state = waiting.popleft()
            if state in self._below:
                continue
            links = self._needs.below(*state)
            self._below[state] = [(link, (key_of(link.target), self._needs.asked(link))) for link in links]
            for _, after in self._below[state]:
                above.setdefault(after, []).append(state)
                waiting.append(after)
        self._distances = {state: 0 for state in self._below if state[0] in self._ends}
        waiting.extend(self._distances)
        while waiting:
            state = waiting.popleft()
            for before in above.get(state, ()):
                if before not in self._distances:
                    self._distances[before] = self._distances[state] + 1
                    waiting.append(before)

    def _paths(self, member: LockedMember, start: State) -> Iterator[Path]:
        waiting = [_Way(self._distances[start], ((start[0], "", ()),), (start,), ())]
        while waiting and self._steps < _MOST_STEPS:
            way = heapq.heappop(waiting)
            self._steps += 1
            here = way.states[-1]
            if way.links and here[0] in self._ends:
                yield _path(member, way.links)
            for link, after in self._below[here]:
                left = self._distances.get(after)
                if left is None or _is_back(way.states, after):
                    continue
                passed = (*way.passed, (after[0], link.via, link.edge.extras))
                states, links = (*way.states, after), (*way.links, link)
                heapq.heappush(waiting, _Way(len(way.passed) + left, passed, states, links))


def _is_back(states: tuple[State, ...], after: State) -> bool:
    """Whether a path was at a target before, with all that is followed from it now."""
    key, labels = after
    return any(before == key and labels <= known for before, known in states)


def _path(member: LockedMember, links: tuple[Link, ...]) -> Path:
    steps = [Step(name=member.name)]
    for link in links:
        target = link.target
        version = "" if isinstance(target, LockedMember) else target.version
        edge = link.edge
        steps.append(Step(name=target.name, version=version, via=link.via, extras=edge.extras, marker=edge.marker))
    return Path(member=member.name, steps=tuple(steps))
