"""The part of a lock that some tables of some members need: a lock by itself.

What it says depends on nothing outside of the part. Conditions are as short as they can be where they count in it, and
what another member's Pythons or forks have left in the lock is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from interlock.core.artifacts.tags import implied_marker
from interlock.core.lock.conflicts import members_condition
from interlock.core.lock.flow import Flow, Place
from interlock.core.lock.graph import Graph
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
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.tables import PROJECT, extra_table, group_table
from interlock.core.sources.source import Member
from interlock.core.versions.hull import requires_python_hull

__all__ = ["Tables", "concerns", "part_of", "tables_needed", "tables_of"]

Tables = dict[NormalizedName, set[str]]
"""By member: ``dependencies``, ``extra:x`` and ``group:g``, as far as they are meant."""


def tables_of(selection: Selection) -> Tables:
    """What a selection names."""
    found: Tables = {}
    for part in selection.members:
        found.setdefault(part.member, set()).update(part.tables)
    return found


def tables_needed(lock: Lock, asks: Iterable[MemberAsks], start: Mapping[NormalizedName, Collection[str]]) -> Tables:
    """What these tables need of members, whatever the environment: as the lock has it, and as the manifests ask."""
    locked = {member.name: member for member in lock.members}
    asked = {member.name: member for member in asks}
    found: Tables = {}
    queue = [(name, table) for name in sorted(start) for table in sorted(start[name])]
    while queue:
        name, table = queue.pop()
        if name not in locked or table in found.setdefault(name, set()):
            continue
        found[name].add(table)
        if table.startswith("extra:"):
            queue.append((name, PROJECT))
        queue += [(name, included) for included in _included(locked[name], asked.get(name), table)]
        wanted = [(edge.name, edge.extras) for edge in _edges(locked[name], table) if edge.name in locked]
        asks_here = asked[name].table(table) if name in asked else ()
        wanted += [(ask.source.name, ask.requirement.extras) for ask in asks_here if isinstance(ask.source, Member)]
        for needed, extras in wanted:
            queue += [(needed, PROJECT), *((needed, extra_table(extra)) for extra in extras)]
    return found


def _included(member: LockedMember, asks: MemberAsks | None, table: str) -> Iterable[str]:
    """The tables that a table includes: what is in them is in it too."""
    for inclusion in asks.includes.get(table, ()) if asks is not None else ():
        yield inclusion.table
    if table.startswith("group:"):
        yield from (group_table(group) for group in member.includes.get(GroupName(table.removeprefix("group:")), ()))


def part_of(lock: Lock, tables: Tables, conflicts: tuple[tuple[ConflictItem, ...], ...] = ()) -> Lock:
    """The lock with these tables alone and what they need; ``conflicts`` are those that are still declared.

    Its inputs are as they were but for the conflicts: those of the manifests that go with it are the caller's to fill.
    """
    kept = {item.key for items in conflicts for item in items if _is_kept(item, tables)}
    return _Part(lock, tables, kept).lock(conflicts)


def concerns(conflict: Iterable[ConflictItem], tables: Tables) -> bool:
    """Whether any side of a conflict is in a part."""
    return any(_is_kept(item, tables) for item in conflict)


def _is_kept(item: ConflictItem, tables: Tables) -> bool:
    return item.table in tables.get(item.member, ())


def _edges(member: LockedMember, table: str) -> tuple[Edge, ...]:
    kind, _, name = table.partition(":")
    if kind == "extra":
        return member.extras.get(ExtraName(name), ())
    return member.groups.get(GroupName(name), ()) if kind == "group" else member.dependencies


class _Part:
    def __init__(self, lock: Lock, tables: Tables, keys: set[str]) -> None:
        self._lock = lock
        self._tables = tables
        self._keys = keys
        self._members = [member for member in lock.members if member.name in tables]
        self._weights: dict[str, Marker] = {}
        graph = Graph(lock)
        flow: Flow[Marker] = Flow(graph, nothing=FALSE, weigh=self._weigh, admits=members_condition)
        for member in self._members:
            for table in sorted(tables[member.name]):
                flow.start(_edges(member, table), self._where(member, table))
                if table == PROJECT:
                    flow.arrive(member, "", members_condition(member))
        flow.run()
        self._reach: dict[Place, Marker] = flow.values
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

    def _where(self, member: LockedMember, table: str) -> Marker:
        return members_condition(member) & requires_python_marker(member.table_pythons.get(table, ""))

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
        tables = self._tables[member.name]

        def written(table: str) -> tuple[Edge, ...]:
            return self._written(_edges(member, table), self._where(member, table)) if table in tables else ()

        extras = [extra for extra in member.extras if extra_table(extra) in tables]
        groups = [group for group in member.groups if group_table(group) in tables]
        every = [
            PROJECT,
            *(extra_table(extra) for extra in member.extras),
            *(group_table(group) for group in member.groups),
        ]
        left_out = {*member.left_out, *every} - tables if member.name else set[str]()
        return msgspec.structs.replace(
            member,
            table_pythons={table: python for table, python in member.table_pythons.items() if table in tables},
            dependencies=written(PROJECT),
            extras={extra: written(extra_table(extra)) for extra in extras},
            groups={group: written(group_table(group)) for group in groups},
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
