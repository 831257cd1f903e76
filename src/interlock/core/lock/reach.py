"""When each part of a lock is needed: over all paths from what is selected, the conditions along the path.

The condition of a package is the OR over its paths of the AND of the markers on the path, computed as a least fixpoint,
since extras make cycles legal. The same propagation answers which members reach a package.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from interlock.core.lock.conflicts import declared_keys, refuse_conflicts
from interlock.core.lock.flow import Flow
from interlock.core.lock.graph import Graph, Key, Target, active_keys, key_of, root_edges
from interlock.core.lock.model import Edge, Lock, LockedMember
from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    Marker,
    extras_in,
    parse_marker,
    requires_python_marker,
    restrict_key,
    simplify,
)
from interlock.core.markers.environment import conflict_key
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.selection import MemberSelection, Selection

__all__ = ["Offer", "assumption", "closure", "members_reaching", "reach", "selected_python", "switched_on"]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Extras and groups of one member that a lock file for others leaves to its user (PEP 751)."""

    member: NormalizedName
    extras: tuple[ExtraName, ...] = ()
    groups: tuple[GroupName, ...] = ()

    def markers(self) -> dict[str, Marker]:
        """The condition of each, by conflict key."""
        found = {conflict_key(self.member, extra): parse_marker(f"'{extra}' in extras") for extra in self.extras}
        for group in self.groups:
            found[conflict_key(self.member, None, group)] = parse_marker(f"'{group}' in dependency_groups")
        return found


def reach(
    lock: Lock,
    selection: Selection,
    *,
    offer: Offer | None = None,
    prune: frozenset[NormalizedName] = frozenset(),
) -> dict[Key, Marker]:
    """The marker of every member and package that the selection can need in some environment.

    Markers are simplified under :func:`assumption`. Conflict keys are settled: on when selected or reached, the PEP 751
    variable when offered, else off. What is in ``prune`` is left out together with what only it needs.
    Raises :class:`~interlock.core.lock.conflicts.ConflictingSelection`.
    """
    found = _settle(lock, selection, offer, prune, strict=True)[0]
    assuming = assumption(lock, selected_python(lock, selection))
    return {
        key_of(found.targets[place]): simplify(marker, assuming)
        for (place, extra), marker in found.values.items()
        if not extra
    }


def switched_on(lock: Lock, selection: Selection) -> frozenset[str]:
    """The conflict keys that are on: selected, or reached by an edge in some environment. Conflicts are let through."""
    return (
        _settle(lock, selection, None, frozenset(), strict=False)[1]
        if lock.inputs.conflicts
        else active_keys(selection)
    )


def _settle(
    lock: Lock, selection: Selection, offer: Offer | None, prune: frozenset[NormalizedName], *, strict: bool
) -> tuple[Flow[Marker], frozenset[str]]:
    """Flow with ever more conflict keys switched on, until those reached are those that are on."""
    graph = Graph(lock)
    declared = declared_keys(lock)
    offered = offer.markers() if offer else {}
    active = active_keys(selection)
    while True:
        if strict:
            refuse_conflicts(lock, active)
        found = _reach(graph, selection, offer, _Settled(active, offered), offered, prune)
        reached = {
            conflict_key(target.name, extra or None)
            for target, extra in ((found.targets[place], extra) for place, extra in found.values if declared)
            if isinstance(target, LockedMember)
        }
        grown = active | (declared & reached - offered.keys())
        if grown == active:
            return found, active
        active = grown


def selected_python(lock: Lock, selection: Selection) -> str:
    """The Python range of what is selected: the members' own when they agree, else the lock's hull."""
    chosen = {part.member for part in selection.members}
    ranges = {member.requires_python for member in lock.members if member.name in chosen}
    return ranges.pop() if len(ranges) == 1 else lock.requires_python


def assumption(lock: Lock, requires_python: str) -> Marker:
    """What may be taken for granted wherever the lock is used."""
    assuming = requires_python_marker(requires_python) if requires_python else TRUE
    if lock.inputs.environments:
        covered = FALSE
        for marker in lock.inputs.environments:
            covered |= parse_marker(marker)
        assuming &= covered
    return assuming


def closure(lock: Lock, *members: NormalizedName, graph: Graph | None = None) -> frozenset[NormalizedName]:
    """The names that members reach in any environment with any of their extras and groups, themselves included."""
    graph = graph or Graph(lock)
    found = set(members)
    seen: dict[int, set[ExtraName]] = {}
    stack: list[tuple[Edge, ...]] = []
    for name in members:
        stack.extend(_all_edges(graph.member(name)))
    while stack:
        for edge in stack.pop():
            target = graph.only.get(edge.name) or graph.target(edge)
            extras = seen.get(id(target))
            if extras is None:
                extras = seen[id(target)] = set()
                found.add(target.name)
                stack.append(target.dependencies)
            for extra in edge.extras:
                if extra not in extras:
                    extras.add(extra)
                    stack.append(target.extras.get(extra, ()))
    return frozenset(found)


def members_reaching(lock: Lock) -> dict[Key, tuple[NormalizedName, ...]]:
    """Which members reach each member and package, in any environment with any of their extras and groups.

    A member reaches itself. Sets of members are integers while they flow, so hundreds of members cost no more than one.
    """
    graph = Graph(lock)
    names = sorted(graph.members)
    flow: Flow[int] = Flow(graph, nothing=0, weigh=lambda _: -1, admits=lambda _: -1)
    for bit, name in enumerate(names):
        for edges in _all_edges(graph.members[name]):
            flow.start(edges, 1 << bit)
    flow.run()
    result: dict[Key, tuple[NormalizedName, ...]] = {}
    own = {id(graph.members[name]): 1 << bit for bit, name in enumerate(names)}
    for target in graph.targets():
        bits = flow.values.get((id(target), ""), 0) | own.get(id(target), 0)
        result[key_of(target)] = tuple(name for bit, name in enumerate(names) if bits >> bit & 1) if bits else ()
    return result


def _all_edges(member: LockedMember) -> list[tuple[Edge, ...]]:
    return [member.dependencies, *member.extras.values(), *member.groups.values()]


class _Settled:
    """Weighs edges: their markers with the conflict keys settled, memoised by text."""

    __slots__ = ("_active", "_memo", "_offered")

    def __init__(self, active: frozenset[str], offered: Mapping[str, Marker]) -> None:
        self._active = active
        self._offered = offered
        self._memo: dict[str, Marker] = {"": TRUE}

    def __repr__(self) -> str:
        return f"_Settled({sorted(self._active)})"

    def __call__(self, edge: Edge) -> Marker:
        found = self._memo.get(edge.marker)
        if found is None:
            found = parse_marker(edge.marker)
            for key in sorted(extras_in(found)):
                offered = None if key in self._active else self._offered.get(key)
                if offered is None:
                    found = restrict_key(found, key, key in self._active)
                else:
                    found = restrict_key(found, key, True) & offered | restrict_key(found, key, False) & ~offered
            self._memo[edge.marker] = found
        return found


def _admits(target: Target) -> Marker:
    """A member is not wanted on a Python that it does not support, nor is what only it needs."""
    if isinstance(target, LockedMember) and target.requires_python:
        return requires_python_marker(target.requires_python)
    return TRUE


def _reach(
    graph: Graph,
    selection: Selection,
    offer: Offer | None,
    weigh: _Settled,
    offered: Mapping[str, Marker],
    prune: frozenset[NormalizedName],
) -> Flow[Marker]:
    flow = Flow(graph, nothing=FALSE, weigh=weigh, admits=_admits, prune=prune)
    for part in selection.members:
        member = graph.member(part.member)
        if part.project and member.name not in prune:
            flow.arrive(member, "", _admits(member))
        for edges in root_edges(member, part):
            flow.start(edges, _admits(member))
    if offer:
        member = graph.member(offer.member)
        everything = MemberSelection(member=member.name, project=False, extras=offer.extras, groups=offer.groups)
        for marker, edges in zip(offered.values(), root_edges(member, everything), strict=True):
            flow.start(edges, marker & _admits(member))
    flow.run()
    return flow
