"""A lock for members that ask for packages new to it, from resolving no more than what is new.

Everything locked stands for itself: one candidate, already chosen, whose own requirements are known to be met. So only
the changed members and what the lock does not have are resolved, over a handful of packages instead of all of them.
The answer counts only when nothing stood in anybody's way, nothing else is needed anywhere else than before, and the
forks are the same; then resolving everything would come to the same. In every other case the answer is None: resolve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from interlock.core.lock.freshness import Stale
from interlock.core.lock.graph import Graph, Key, Target, key_of
from interlock.core.lock.layout import edge_order, package_order
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.members.asks import MemberAsks
from interlock.core.relock.edge_update import Changed, changed_members, edge_to, sourced_names
from interlock.core.relock.needed import needed, same_elsewhere
from interlock.core.resolver.facts import Facts, Known, Universe
from interlock.core.resolver.problem import Problem
from interlock.core.resolver.world import world
from interlock.core.sources.source import Member, Registry
from interlock.core.versions.version_list import VersionList

__all__ = ["PartialProblem", "extend_lock", "partial_problem"]

_Same = Callable[[Iterable[Edge]], tuple[Edge, ...]]
"""Edges of one lock as edges of another."""


class PartialProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to resolve: a small problem, and facts that stand for all that is locked."""

    problem: Problem
    facts: Facts
    changed: Changed


def partial_problem(old: Lock, problem: Problem, reasons: Iterable[Stale]) -> PartialProblem | None:
    """The small problem; None when what has changed is more than what some members ask for.

    ``reasons`` are all the differences between what the lock answers and the problem.
    """
    changed = changed_members(old, problem, reasons)
    if changed is None or problem.policy.resolution != "highest":
        return None
    locked = {member.name: member for member in old.members}
    asks = {member.name: member for member in problem.members}
    sourced = sourced_names(problem)
    if any(asks[name].pythons != locked[name].pythons for name in asks):
        return None
    for name in changed:
        before, now = locked[name], asks[name]
        if (before.package, before.path) != (now.package, now.path):
            return None
        if any(ask.requirement.url or ask.requirement.name in sourced for ask in now.every()):
            return None
    small = msgspec.structs.replace(problem, members=_members(problem, changed))
    if world(small) != world(problem):
        return None  # pragma: no cover - the small problem is for the same Pythons
    return PartialProblem(problem=small, facts=_standing(old, problem, changed), changed=changed)


def _members(problem: Problem, changed: Changed) -> tuple[MemberAsks, ...]:
    """The changed members, and for each range of Pythons one member that asks for nothing."""
    found = [member for member in problem.members if member.name in changed]
    ranges = {member.requires_python for member in found}
    for member in problem.members:
        if member.requires_python not in ranges and (member.name or member.requires_python):
            ranges.add(member.requires_python)
            found.append(msgspec.structs.replace(member, dependencies=(), extras={}, groups={}))
    return tuple(sorted(found, key=lambda member: member.name))


def _standing(old: Lock, problem: Problem, changed: Changed) -> Facts:
    """Facts in which what is locked is all there is; a name with several locked versions is left to be learned."""
    facts = Facts()
    for name, packages in Graph(old).packages.items():
        package = packages[0]
        if len(packages) == 1 and isinstance(package.source, Registry):
            facts.universes[name] = Universe(name, [(package.source, VersionList((package.version,)), None, None)])
            facts.dependencies[name, 0] = Known(extras=frozenset(package.extras))
    for name in sourced_names(problem) - facts.universes.keys():
        # Who asks for it and from where is not all in the small problem, and nobody else must be told the name.
        facts.universes[name] = Universe(name, [], missing="left to a whole resolution")
    for member in problem.members:
        if member.name not in changed:
            source = Member(member.name)
            facts.universes[member.name] = Universe(member.name, [(source, VersionList((member.version,)), None, None)])
            facts.dependencies[member.name, 0] = Known(extras=frozenset(member.extras))
    return facts


def extend_lock(old: Lock, made: Lock, found: PartialProblem, problem: Problem) -> Lock | None:
    """The old lock with what the small problem's lock ``made`` adds to it; None when that is not all there is to it."""
    if made.forks != old.forks:
        return None
    before, after = Graph(old), Graph(made)
    fresh = _new_packages(before, after, problem)
    if fresh is None:
        return None  # pragma: no cover - the small problem can choose nothing else of what is locked
    new = msgspec.structs.replace(old, packages=_ordered((*old.packages, *fresh)))
    whole = Graph(new)

    def same(edges: Iterable[Edge]) -> tuple[Edge, ...]:
        targets = ((edge, _in(whole, after.target(edge))) for edge in edges)
        return _in_order(edge_to(target, whole, edge.extras, edge.marker) for edge, target in targets)

    def package(locked: LockedPackage) -> LockedPackage:
        extras = {extra: same(edges) for extra, edges in locked.extras.items()}
        return msgspec.structs.replace(locked, dependencies=same(locked.dependencies), extras=extras)

    added = {key_of(locked) for locked in fresh}
    members = []
    for member in old.members:
        if member.name in found.changed:
            now = after.members[member.name]
            member = _rewritten(now, same)
        members.append(member)
    lock = msgspec.structs.replace(
        new,
        members=tuple(members),
        packages=tuple(package(locked) if key_of(locked) in added else locked for locked in new.packages),
    )
    return lock if _stands(old, lock, problem, found.changed) else None


def _rewritten(member: LockedMember, same: _Same) -> LockedMember:
    return msgspec.structs.replace(
        member,
        dependencies=same(member.dependencies),
        extras={extra: same(edges) for extra, edges in member.extras.items()},
        groups={group: same(edges) for group, edges in member.groups.items()},
    )


def _new_packages(before: Graph, after: Graph, problem: Problem) -> list[LockedPackage] | None:
    """Packages the old lock does not have; None when one of those it has was chosen otherwise."""
    known = {key_of(package): package for packages in before.packages.values() for package in packages}
    sourced, members = sourced_names(problem), {member.name for member in problem.members}
    fresh = []
    for name, packages in after.packages.items():
        if name in members:
            if any(not isinstance(package.source, Member) for package in packages):
                return None  # pragma: no cover - a member is known under its name alone
            continue
        if name in sourced:
            return None  # pragma: no cover - the small problem has nothing of that name
        if name not in before.packages:
            fresh += packages
            continue
        several = len(before.packages[name]) > 1
        for package in packages:
            locked = known.get(key_of(package))
            if locked is None or (several and locked.markers != package.markers):
                return None  # pragma: no cover - the small problem can choose nothing else
    return fresh


def _in(graph: Graph, target: Target) -> Target:
    key: Key = key_of(target)
    if isinstance(target, LockedMember) or isinstance(target.source, Member):
        return graph.members[target.name]
    return next(package for package in graph.packages[target.name] if key_of(package) == key)


def _stands(old: Lock, new: Lock, problem: Problem, changed: Changed) -> bool:
    """Whether all that was locked is needed just where it was."""
    asks, everywhere = {member.name: member for member in problem.members}, world(problem)
    regrouped = frozenset(name for name, kinds in changed.items() if "groups" in kinds)
    reach = needed(old, asks, everywhere, without=regrouped)
    # How far an old group reached is not in the lock (it may have had a Python range of its own).
    if regrouped and not same_elsewhere(reach, needed(old, asks, everywhere), old, changed):
        return False
    return same_elsewhere(reach, needed(new, asks, everywhere), old, changed)


def _ordered(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    return tuple(sorted(packages, key=package_order))


def _in_order(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    return tuple(sorted(edges, key=edge_order))
