"""A lock for members that ask for something else now, without a resolution, where the old one still answers them.

A resolution wishes for what was locked, so a solution that still satisfies everything is found again. Whether it does
can be told from the lock alone: the conditions under which each package is needed flow along its edges, and what is
asked anew must be locked already, in a version that will do, wherever it is needed now. Then nothing but the edges of
the changed members is different. In every other case, and in every doubtful one, the answer is None: resolve.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from interlock.core.lock.freshness import Stale
from interlock.core.lock.graph import Graph, Target
from interlock.core.lock.layout import edge_order
from interlock.core.lock.model import PLAIN_FORMAT, Edge, Lock, LockedMember, LockedPackage
from interlock.core.markers.diagram import FALSE, Marker, format_marker, parse_marker, requires_python_marker
from interlock.core.markers.diagram import simplify as simplified
from interlock.core.members.asks import MemberAsks
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.relock.needed import Needed, extra_selected_where, needed, same_elsewhere, selected_where
from interlock.core.resolver.dependencies import Dependencies, Dependency
from interlock.core.resolver.facts import Facts, Known
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.problem import Problem
from interlock.core.resolver.split import split
from interlock.core.resolver.world import world
from interlock.core.sources.source import Member, Registry
from interlock.core.versions.version_list import VersionList

__all__ = ["Changed", "changed_members", "edge_to", "sourced_names", "update_edges"]

Changed = dict[NormalizedName, set[Literal["project", "groups"]]]
"""By member which of its edges may be other ones: its own and those of its extras, or those of its groups."""


class _Doubt(Exception):
    """The old solution may not do: a resolution has to tell."""


def update_edges(old: Lock, problem: Problem, reasons: Iterable[Stale]) -> Lock | None:
    """The lock that resolving the problem would give, but for digests, or None when only resolving can tell.

    ``reasons`` are all the differences between what the lock answers and the problem.
    """
    changed = changed_members(old, problem, reasons)
    if changed is None:
        return None
    try:
        return _EdgeUpdate(old, problem, changed).lock()
    except _Doubt:
        return None


def changed_members(old: Lock, problem: Problem, reasons: Iterable[Stale]) -> Changed | None:
    """The members that ask for something else, and where; None when more has changed."""
    changed: Changed = {}
    for reason in reasons:
        kind = _kind(reason)
        if reason.member is None or not kind:
            return None
        changed.setdefault(reason.member, set()).update(kind)
    names = [member.name for member in problem.members]
    if (
        problem.conflicts
        or old.format[0] != PLAIN_FORMAT[0]
        or sorted(names) != sorted(member.name for member in old.members)
    ):
        return None
    return changed


def _kind(reason: Stale) -> tuple[Literal["project", "groups"], ...]:
    """Which edges of a member a changed key is about; extras and groups may include one another."""
    table = reason.key.partition(".")[0]
    if table in {"dependencies", "optional-dependencies"}:
        return ("project",)
    if table == "dependency-groups":
        return ("groups",)
    # A source that was there before may have been another one for any table.
    return ("project", "groups") if table == "sources" and reason.kind != "changed" else ()


class _EdgeUpdate:
    def __init__(self, old: Lock, problem: Problem, changed: Changed) -> None:
        self.old = old
        self.problem = problem
        self.changed = changed
        self.asks: dict[NormalizedName, MemberAsks] = {member.name: member for member in problem.members}
        self.world = world(problem)
        self.forks = [parse_marker(text) & self.world for text in old.forks] or [self.world]
        self.graph = Graph(old)
        self.fresh = dict(self.graph.members)
        self.sourced = sourced_names(problem)
        facts = Facts()
        for name in changed:
            member = self.asks[name]
            facts.dependencies[name, 0] = Known(
                requires=member.dependencies,
                extras=frozenset(member.extras),
                requires_python=member.requires_python,
                extra_requires=dict(member.extras),
                group_requires=dict(member.groups),
            )
        self.dependencies = Dependencies(msgspec.structs.replace(problem, members=()), facts)

    def lock(self) -> Lock:
        rest = self.world
        for fork in self.forks:
            rest = rest & ~fork
        if not rest.is_false:
            raise _Doubt
        if any(asks.pythons != self.graph.members[name].pythons for name, asks in self.asks.items()):
            raise _Doubt
        known, fresh = self.graph.members, self.fresh
        regrouped = frozenset(name for name, kinds in self.changed.items() if "groups" in kinds)
        # How far an old group reached is not in the lock (it may have had a Python range of its own), so what is
        # changed in groups must not matter to anything else at all.
        reach = needed(self.old, self.asks, self.world, without=regrouped)
        if regrouped and not self._same(reach, needed(self.old, self.asks, self.world)):
            raise _Doubt
        removed = False
        for name in self.changed:
            fresh[name] = self._member(known[name], reach)
            removed = self._check_removed(known[name], fresh[name], reach) or removed
        made = msgspec.structs.replace(self.old, members=tuple(fresh[name] for name in sorted(fresh)))
        if removed and not self._same(reach, needed(made, self.asks, self.world)):
            raise _Doubt
        return made

    def _same(self, left: Needed, right: Needed) -> bool:
        return same_elsewhere(left, right, self.old, self.changed)

    # ---- the edges of a changed member -----------------------------------------------------------------------

    def _member(self, before: LockedMember, reach: Needed) -> LockedMember:
        name, asks, kinds = before.name, self.asks[before.name], self.changed[before.name]
        target = id(self.graph.members[name])
        base = reach[target, ""]
        if asks.left_out != before.left_out or asks.package != before.package or asks.path != before.path:
            raise _Doubt
        if any((base & fork).is_false for fork in self.forks):
            raise _Doubt
        dependencies, extras, groups = before.dependencies, before.extras, before.groups
        if "project" in kinds:
            dependencies = self._edges(PackageKey(name), base, reach)
            extras = {
                extra: self._edges(
                    PackageKey(name, extra),
                    reach.get((target, extra), extra_selected_where(asks, extra, self.world)),
                    reach,
                )
                for extra in sorted(asks.extras)
            }
        if "groups" in kinds:
            groups = {group: self._group(name, group, reach) for group in sorted(asks.groups)}
        return msgspec.structs.replace(before, dependencies=dependencies, extras=extras, groups=groups)

    def _group(self, name: NormalizedName, group: GroupName, reach: Needed) -> tuple[Edge, ...]:
        bound = self.asks[name].group_requires_python.get(group, "")
        where = selected_where(self.asks[name], self.world)
        return self._edges(
            PackageKey(name, None, group), where & requires_python_marker(bound) if bound else where, reach
        )

    def _edges(self, key: PackageKey, here: Marker, reach: Needed) -> tuple[Edge, ...]:
        """What one table asks for, as the lock says it; raises when anything of it would have to be looked for."""
        asked = self.dependencies.of(key, 0)
        found: dict[tuple[int, tuple[ExtraName, ...]], Marker] = {}
        targets: dict[int, Target] = {}
        for fork in self.forks:
            active = [dependency for dependency in asked if not dependency.marker.is_disjoint(fork)]
            if split(fork, active) != [fork]:
                raise _Doubt
            for dependency in active:
                if dependency.kind == "constraint":
                    continue
                target = self._chosen(dependency, fork, reach)
                targets[id(target)] = target
                needed = dependency.marker & fork & here
                for extra in ("", *dependency.requirement.extras):
                    known = reach.get((id(target), extra), FALSE)
                    if (known & fork).is_false or not needed.implies(known):
                        raise _Doubt
                place = (id(target), dependency.requirement.extras)
                found[place] = found.get(place, FALSE) | dependency.marker & fork
        edges = []
        for (number, extras), where in found.items():
            if (here & where).is_false:
                continue  # pragma: no cover - a requirement holds where its member runs
            marker = format_marker(simplified(where, self.world))
            edges.append(edge_to(targets[number], self.graph, extras, marker))
        return tuple(sorted(edges, key=edge_order))

    def _chosen(self, dependency: Dependency, fork: Marker, reach: Needed) -> Target:
        """What the old solution has for a dependency in a fork, if that will do."""
        requirement, source = dependency.requirement, dependency.source
        name = requirement.name
        if requirement.url or name in self.sourced or not isinstance(source, Member | None):
            raise _Doubt
        member = self.asks.get(name)
        if member is not None:
            if source is None or name in self.graph.packages:
                raise _Doubt  # pragma: no cover - a member's name means the member
            return self.graph.members[name]
        chosen = [
            package
            for package in self.graph.packages.get(name, ())
            if not (reach.get((id(package), ""), FALSE) & fork).is_false
        ]
        if len(chosen) != 1 or not isinstance(chosen[0].source, Registry):
            raise _Doubt
        if not VersionList((chosen[0].version,)).mask(requirement.specifier):
            raise _Doubt
        return chosen[0]

    def _check_removed(self, before: LockedMember, after: LockedMember, reach: Needed) -> bool:
        """Whether an edge is gone; what it led to must be needed by others in each fork it was chosen for."""
        gone = False
        kept = set(_all_edges(after))
        for place in _all_edges(before):
            if place in kept:
                continue
            gone = True
            edge = place[1]
            target = self.graph.target(edge)
            where = parse_marker(edge.marker) if edge.marker else self.world
            if self.problem.policy.prerelease in {"explicit", "disallow"}:
                raise _Doubt
            for fork in self.forks:
                if not (where & fork).is_false and (reach.get((id(target), ""), FALSE) & fork).is_false:
                    raise _Doubt  # pragma: no cover - less reach in a fork is seen before
        return gone


def edge_to(target: Target, graph: Graph, extras: tuple[ExtraName, ...], marker: str) -> Edge:
    """What an edge must say besides the name so that its target is the only one meant."""
    others = graph.packages.get(target.name, ())
    if not isinstance(target, LockedPackage) or len(others) == 1:
        return Edge(name=target.name, extras=extras, marker=marker)
    same = [other for other in others if other.version == target.version]
    source = target.source if len(same) > 1 else None
    return Edge(name=target.name, version=target.version, source=source, extras=extras, marker=marker)


def _all_edges(member: LockedMember) -> list[tuple[str, Edge]]:
    found = [("", edge) for edge in member.dependencies]
    for tables, mark in ((member.extras, ""), (member.groups, ":")):
        found += [(mark + name, edge) for name, edges in tables.items() for edge in edges]
    return found


def sourced_names(problem: Problem) -> frozenset[NormalizedName]:
    """Names that somebody wants from a place of their own."""
    found = set()
    for member in (*problem.members, *(package.asks for package in problem.direct)):
        for ask in member.every():
            if ask.source is not None and not isinstance(ask.source, Member):
                found.add(ask.requirement.name)
    found.update(ask.requirement.name for ask in problem.limits.asks if not isinstance(ask.source, Member | None))
    return frozenset(found)
