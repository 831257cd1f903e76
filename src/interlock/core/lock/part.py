"""The part of a lock that some slots of some members need: a lock by itself.

What it says depends on nothing outside of the part. Conditions are as short as they can be where they count in it, and
what another member's Pythons or forks have left in the lock is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from interlock.core.artifacts.tags import implied_marker
from interlock.core.lock.conflicts import members_condition
from interlock.core.lock.flow import Flow, Node
from interlock.core.lock.graph import Graph, edges_of
from interlock.core.lock.layout import edge_order
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage, format_of
from interlock.core.lock.pins import Pin, forks_of
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import (
    FALSE,
    Marker,
    any_of,
    extras_in,
    format_marker,
    parse_marker,
    requires_python_marker,
    restrict_key,
    simplify,
)
from interlock.core.members.asks import MemberAsks
from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.sources.source import Member
from interlock.core.versions.hull import requires_python_hull

__all__ = ["Slots", "concerns", "part_of", "slots_needed", "slots_of"]

Slots = dict[NormalizedName, set[Slot]]
"""By member: what of it is meant."""


def slots_of(selection: Selection) -> Slots:
    """What a selection names."""
    found: Slots = {}
    for part in selection.members:
        found.setdefault(part.member, set()).update(part.slots)
    return found


def slots_needed(lock: Lock, asks: Iterable[MemberAsks], start: Mapping[NormalizedName, Collection[Slot]]) -> Slots:
    """What these slots need of members, whatever the environment: as the lock has it, and as the manifests ask."""
    locked = {member.name: member for member in lock.members}
    asked = {member.name: member for member in asks}
    found: Slots = {}
    queue = [(name, slot) for name in sorted(start) for slot in start[name]]
    while queue:
        name, slot = queue.pop()
        if name not in locked or slot in found.setdefault(name, set()):
            continue
        found[name].add(slot)
        if slot.extra is not None:
            queue.append((name, PROJECT))
        queue += [(name, included) for included in _included(locked[name], asked.get(name), slot)]
        wanted = [(edge.name, edge.extras) for edge in edges_of(locked[name], slot) if edge.name in locked]
        asks_here = asked[name].of(slot) if name in asked else ()
        wanted += [(ask.source.name, ask.requirement.extras) for ask in asks_here if isinstance(ask.source, Member)]
        for needed, extras in wanted:
            queue += [(needed, PROJECT), *((needed, Slot(extra)) for extra in extras)]
    return found


def _included(member: LockedMember, asks: MemberAsks | None, slot: Slot) -> Iterable[Slot]:
    """The slots that a slot includes: what is in them is in it too."""
    for inclusion in asks.includes_of(slot) if asks is not None else ():
        yield inclusion.slot
    if slot.group is not None:
        yield from (Slot(group=group) for group in member.includes.get(slot.group, ()))


def part_of(lock: Lock, slots: Slots, conflicts: tuple[tuple[ConflictItem, ...], ...] = ()) -> Lock:
    """The lock with these slots alone and what they need; ``conflicts`` are those that are still declared.

    Its inputs are as they were but for the conflicts: those of the manifests that go with it are the caller's to fill.
    """
    kept = {item.key for items in conflicts for item in items if _is_kept(item, slots)}
    return _Part(lock, slots, kept).lock(conflicts)


def concerns(conflict: Iterable[ConflictItem], slots: Slots) -> bool:
    """Whether any side of a conflict is in a part."""
    return any(_is_kept(item, slots) for item in conflict)


def _is_kept(item: ConflictItem, slots: Slots) -> bool:
    return item.slot in slots.get(item.member, ())


class _Part:
    def __init__(self, lock: Lock, slots: Slots, keys: set[str]) -> None:
        self._lock = lock
        self._slots = slots
        self._keys = keys
        self._members = [member for member in lock.members if member.name in slots]
        self._weights: dict[str, Marker] = {}
        graph = Graph(lock)
        flow: Flow[Marker] = Flow(graph, nothing=FALSE, weigh=self._weigh, admits=members_condition)
        for member in self._members:
            for slot in slots[member.name]:
                flow.start(edges_of(member, slot), self._where(member, slot))
                if slot == PROJECT:
                    flow.arrive(member, "", members_condition(member))
        flow.run()
        self._reach: dict[Node, Marker] = flow.values
        self._graph = graph
        self._several = _several(package for package in lock.packages if (id(package), "") in flow.values)

    def __repr__(self) -> str:
        return f"<Part of {len(self._members)} members>"

    def lock(self, conflicts: tuple[tuple[ConflictItem, ...], ...]) -> Lock:
        packages = tuple(self._package(package) for package in self._lock.packages if self._here(package))
        pins = [
            Pin(name=package.name, version=package.version, markers=package.markers)
            for package in packages
            if package.markers
        ]
        inputs = msgspec.structs.replace(self._lock.inputs, conflicts=conflicts)
        return msgspec.structs.replace(
            self._lock,
            format=format_of(inputs),
            requires_python=requires_python_hull(member.requires_python for member in self._members),
            inputs=inputs,
            forks=forks_of(pins),
            members=tuple(self._member(member) for member in self._members),
            packages=packages,
        )

    def _here(self, package: LockedPackage) -> bool:
        return (id(package), "") in self._reach

    def _weigh(self, edge: Edge) -> Marker:
        """An edge's condition without what cannot be active here."""
        found = self._weights.get(edge.marker)
        if found is None:
            found = parse_marker(edge.marker)
            for key in sorted(extras_in(found)):
                if key not in self._keys:
                    found = restrict_key(found, key, False)
            self._weights[edge.marker] = found
        return found

    def _where(self, member: LockedMember, slot: Slot) -> Marker:
        return members_condition(member) & requires_python_marker(member.table_pythons.get(slot.table, ""))

    def _written(self, edges: tuple[Edge, ...], reach: Marker) -> tuple[Edge, ...]:
        found = []
        for edge in edges:
            where = self._weigh(edge) & reach
            if where.is_false:
                continue
            target = self._graph.target(edge)
            if (id(target), "") not in self._reach:
                continue
            several = self._several.get(edge.name, 0)
            found.append(
                Edge(
                    name=edge.name,
                    version=edge.version if several > 1 or edge.name in self._graph.members else "",
                    source=edge.source if several > 1 or edge.name in self._graph.members else None,
                    extras=edge.extras,
                    marker=format_marker(simplify(where, reach)),
                )
            )
        return tuple(sorted(found, key=edge_order))

    def _member(self, member: LockedMember) -> LockedMember:
        slots = self._slots[member.name]

        def written(slot: Slot) -> tuple[Edge, ...]:
            return self._written(edges_of(member, slot), self._where(member, slot)) if slot in slots else ()

        extras = [extra for extra in member.extras if Slot(extra) in slots]
        groups = [group for group in member.groups if Slot(group=group) in slots]
        every = [PROJECT, *map(Slot, member.extras), *(Slot(group=group) for group in member.groups)]
        tables = {slot.table for slot in slots}
        left_out = {*member.left_out, *(slot.table for slot in every)} - tables if member.name else set[str]()
        return msgspec.structs.replace(
            member,
            table_pythons={table: python for table, python in member.table_pythons.items() if table in tables},
            dependencies=written(PROJECT),
            extras={extra: written(Slot(extra)) for extra in extras},
            groups={group: written(Slot(group=group)) for group in groups},
            includes={group: names for group, names in member.includes.items() if group in groups},
            left_out=tuple(sorted(left_out)),
        )

    def _package(self, package: LockedPackage) -> LockedPackage:
        place = id(package)
        reach = self._reach[place, ""]
        extras = {
            extra: edges
            for extra, old in package.extras.items()
            if (there := self._reach.get((place, extra))) is not None and (edges := self._written(old, there))
        }
        several = self._several[package.name] > 1
        return msgspec.structs.replace(
            package,
            markers=(format_marker(simplify(reach, self._world)),) if several else (),
            dependencies=self._written(package.dependencies, reach),
            extras=extras,
            artifacts=tuple(
                artifact
                for artifact in package.artifacts
                if not artifact.is_wheel or not implied_marker(artifact.filename).is_disjoint(reach)
            ),
        )

    @property
    def _world(self) -> Marker:
        return any_of(map(members_condition, self._members))


def _several(packages: Iterable[LockedPackage]) -> dict[NormalizedName, int]:
    found: dict[NormalizedName, int] = {}
    for package in packages:
        found[package.name] = found.get(package.name, 0) + 1
    return found
