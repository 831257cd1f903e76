"""From what a candidate asks for to what the solver is told: markers, overrides, constraints and excludes applied.

::

    _asked       its requirements; for an extra those that count with it alone; for the root every member, extra, group
    _one         without what is excluded; ``extra == ...`` taken out of the marker
    _scoped      overrides for this one package in the place of what it says
    _adjusted    overrides for all in the place of every requirement on a name, and constraints beside them
    _parted      one for each part of the package that is asked for

None of it depends on the fork, so each candidate is read once. Which of these count in a fork is told by
:mod:`~interlock.core.resolver.reach`, which candidates they leave by :func:`admitted`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import (
    TRUE,
    Marker,
    any_of,
    parse_marker,
    requires_python_marker,
    restrict_extra,
    tests_extras,
)
from interlock.core.members.asks import Ask, MemberAsks, Origin, ScopedAsks
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.resolver.activation import Activation
from interlock.core.resolver.facts import Facts, Known, Universe
from interlock.core.resolver.incompatibility import Asking, PackageKey
from interlock.core.resolver.parts import Parts
from interlock.core.resolver.problem import Problem
from interlock.core.sources.source import Member as FromMember
from interlock.core.sources.source import Source

__all__ = ["ROOT", "Dependencies", "Dependency", "admitted", "keys_of"]

ROOT = PackageKey(NormalizedName("(root)"))
"""No package can be called that; the empty name is that of a virtual workspace root."""
_NO_EXTRA: frozenset[str] = frozenset()


class Dependency(NamedTuple):
    """One thing a candidate asks for, ready for the solver but for the set of versions."""

    requirement: Requirement
    marker: Marker
    source: Source | None = None
    group: GroupName | None = None
    origin: Origin | None = None
    kind: Asking = "requirement"
    part: int = 0
    """Which part of the package asked for is meant."""
    condition: Marker = TRUE
    """The part of :attr:`marker` that an override leaves."""


_Child = tuple[Marker, tuple[PackageKey, ...]]


def keys_of(dependency: Dependency) -> list[PackageKey]:
    """The packages asked for: a group alone, or the package itself and its extras."""
    name = dependency.requirement.name
    if dependency.group is not None:
        return [PackageKey(name, None, dependency.group)]
    part, extras = dependency.part, dependency.requirement.extras
    return [PackageKey(name, None, None, part), *[PackageKey(name, extra, None, part) for extra in extras]]


def admitted(universe: Universe, dependency: Dependency) -> int:
    """The candidates a dependency leaves."""
    requirement = dependency.requirement
    if dependency.kind == "member" or isinstance(dependency.source, FromMember):
        # What is in the workspace is what is meant; a range that its version is not in is for those who publish.
        return universe.full
    if requirement.url and dependency.source is None:
        # A package of an index may not bring in a URL of its own: only one that a member asked for.
        return sum(
            segment.mask for segment in universe.segments if getattr(segment.source, "url", None) == requirement.url
        )
    return universe.mask(requirement.specifier, dependency.source)


class Dependencies:
    """Expands and remembers dependencies; they do not depend on the fork.

    ``parts`` are those of packages that conflicts touch, ``activation`` is when members can be selected; without them
    nothing conflicts.
    """

    def __init__(
        self, problem: Problem, facts: Facts, parts: Parts | None = None, activation: Activation | None = None
    ) -> None:
        self._problem = problem
        self._facts = facts
        self._memo: dict[tuple[PackageKey, int], tuple[Dependency, ...]] = {}
        self._children: dict[tuple[PackageKey, int], tuple[_Child, ...]] = {}
        self._conditional: dict[tuple[PackageKey, int], bool] = {}
        self._constraints = _by_name(problem.limits.constraints)
        self._overrides = _by_name(problem.limits.overrides)
        self._scopes: dict[NormalizedName, list[ScopedAsks]] = {}
        for rule in problem.limits.scoped:
            self._scopes.setdefault(rule.package, []).append(rule)
        self._parts = parts
        self._activation = activation

    def of(self, key: PackageKey, position: int) -> tuple[Dependency, ...]:
        """What a candidate (or one of its extras or groups) asks for; its facts must be there."""
        found = self._memo.get((key, position))
        if found is None:
            found = self._memo[key, position] = tuple(self._parted(key, self._adjusted(self._scoped(key, position))))
        return found

    def itself(self, item: ConflictItem) -> Iterator[tuple[Requirement, Marker]]:
        """What a member, an extra or a group itself asks for, and where; the same whatever is parted."""
        key = PackageKey(item.member, item.extra, item.group)
        for dependency in self._adjusted(self._scoped(key, 0)):
            if dependency.kind != "constraint":
                yield dependency.requirement, dependency.marker

    def _parted(self, key: PackageKey, dependencies: Iterable[Dependency]) -> Iterator[Dependency]:
        """Ask for each part of a package by itself, as far as it lies within the asking part."""
        parts = self._parts
        if parts is None:
            yield from dependencies
            return
        here = parts.region(key)
        for dependency in dependencies:
            regions = parts.of(dependency.requirement.name)
            if len(regions) == 1:
                yield dependency
                continue
            for part, region in enumerate(regions):
                marker = dependency.marker & region
                if not marker.is_disjoint(here):
                    yield dependency._replace(marker=marker, part=part)

    def children(self, key: PackageKey, position: int) -> tuple[_Child, ...]:
        """Of each dependency, in the order of :meth:`of`, where it holds and what it asks for; constraints ask for
        nothing."""
        found = self._children.get((key, position))
        if found is None:
            found = self._children[key, position] = tuple(
                (one.marker, () if one.kind == "constraint" else tuple(keys_of(one))) for one in self.of(key, position)
            )
        return found

    def is_conditional(self, key: PackageKey, position: int) -> bool:
        """Whether any of a candidate's dependencies has a marker."""
        found = self._conditional.get((key, position))
        if found is None:
            found = any(marker is not TRUE for marker, _ in self.children(key, position))
            self._conditional[key, position] = found
        return found

    def _asked(self, key: PackageKey, position: int) -> Iterator[Dependency]:
        if key == ROOT:
            for member in self._problem.members:
                yield from self._of_root(member)
            return
        known = self._facts.dependencies[key.name, position]
        assert isinstance(known, Known), key
        asked: Sequence[Requirement | Ask]
        if key.group is not None:
            asked = known.group_requires.get(key.group, ())
        elif key.extra is not None:
            asked = known.extra_requires.get(key.extra, ())
        else:
            asked = known.requires
        if any(isinstance(item, Ask) for item in asked):
            # The order in which a manifest lists its requirements is no input of a resolution.
            asked = sorted(asked, key=_canonical)
        for item in asked:
            yield from self._one(item, _NO_EXTRA, only_extra=False)
        if key.extra is not None:
            for item in known.requires:
                yield from self._one(item, frozenset((key.extra,)), only_extra=True)

    def _of_root(self, member: MemberAsks) -> Iterator[Dependency]:
        """The root asks for every member, each of its extras and each of its groups, where their Pythons allow and in
        the selections in which they can be active."""
        where = requires_python_marker(member.requires_python)
        name = member.name
        yield Dependency(Requirement(name), where & self._active(name), kind="member")
        for extra in sorted(member.extras):
            marker = where & self._active(name, extra)
            marker = marker & requires_python_marker(member.extra_requires_python.get(extra, ""))
            yield Dependency(Requirement(name, extras=(extra,)), marker, kind="member")
        for group in sorted(member.groups):
            marker = where & self._active(name, None, group)
            python = member.group_requires_python.get(group, "")
            if python:
                marker = marker & requires_python_marker(python)
            yield Dependency(Requirement(name), marker, group=group, kind="member")

    def _active(self, name: NormalizedName, extra: ExtraName | None = None, group: GroupName | None = None) -> Marker:
        return TRUE if self._activation is None else self._activation.of(name, extra, group)

    def _one(self, item: Requirement | Ask, active: frozenset[str], *, only_extra: bool) -> Iterator[Dependency]:
        requirement, source, origin = (
            (item.requirement, item.source, item.origin) if isinstance(item, Ask) else (item, None, None)
        )
        if requirement.name in self._problem.excludes:
            return
        marker = parse_marker(requirement.marker) if requirement.marker else TRUE
        if "extra" in requirement.marker and tests_extras(marker):
            plain = restrict_extra(marker, _NO_EXTRA)
            if only_extra:
                # What also holds without the extra is asked for by the package itself.
                marker = restrict_extra(marker, active) & ~plain
            else:
                marker = plain
        elif only_extra:
            return
        is_replaced = requirement.name in self._overrides and "extra" not in requirement.marker
        # An override comes without the requirement's own marker, which may be all that rules it out.
        if marker.is_false and not is_replaced:
            return
        condition = parse_marker(item.condition) if isinstance(item, Ask) and item.condition else TRUE
        yield Dependency(requirement, marker, source, None, origin, condition=condition)

    def _scoped(self, key: PackageKey, position: int) -> Iterable[Dependency]:
        """What is asked, with the overrides for this one package: they replace by name, and add what is not asked."""
        asked = self._asked(key, position)
        rules = [rule for rule in self._scopes.get(key.name, ()) if self._is_meant(rule, key, position)]
        if not rules:
            return asked
        given = _by_name(ask for rule in rules for ask in rule.asks)
        found: list[Dependency] = []
        replaced: set[NormalizedName] = set()
        for dependency in asked:
            name = dependency.requirement.name
            if name not in given:
                found.append(dependency)
            elif name not in replaced:
                replaced.add(name)
                found += [_override(item, dependency) for item in given[name]]
        if key.extra is None and key.group is None:
            missing = [item for name, items in given.items() if name not in replaced for item in items]
            found += [_override(item, None) for item in missing]
        return found

    def _is_meant(self, rule: ScopedAsks, key: PackageKey, position: int) -> bool:
        universe = self._facts.universes.get(key.name)
        if not rule.specifier or universe is None:
            return not rule.specifier
        return bool(universe.mask(rule.specifier) >> position & 1)

    def _adjusted(self, asked: Iterable[Dependency]) -> Iterator[Dependency]:
        """Apply overrides (which replace every requirement on a name) and constraints (which only restrict)."""
        if not self._constraints and not self._overrides:
            yield from asked
            return
        constrained: set[tuple[Ask, Marker]] = set()
        for dependency in asked:
            name = dependency.requirement.name
            overrides = self._overrides.get(name)
            found = [dependency]
            if overrides and dependency.kind not in {"member", "override"}:
                replaced = [_override(override, dependency) for override in overrides]
                found = [one for one in replaced if not one.marker.is_false]
            yield from found
            for constraint in self._constraints.get(name, ()) if found else ():
                marker = any_of(one.marker for one in found) & parse_marker(constraint.requirement.marker)
                if not marker.is_false and (constraint, marker) not in constrained:
                    constrained.add((constraint, marker))
                    yield Dependency(constraint.requirement, marker, constraint.source, kind="constraint")


def _override(override: Ask, of: Dependency | None) -> Dependency:
    """A requirement in the place of another one, whose extras it keeps, and its source without one of its own."""
    wanted = override.requirement
    extras = tuple(sorted({*(of.requirement.extras if of is not None else ()), *wanted.extras}))
    replaced = Requirement(wanted.name, wanted.specifier, wanted.marker, extras, wanted.url)
    marker, source = parse_marker(wanted.marker), override.source
    if of is not None:
        marker, source = marker & of.condition, source or (None if wanted.url else of.source)
    return Dependency(replaced, marker, source, kind="override")


def _canonical(item: Requirement | Ask) -> tuple[str, ...]:
    requirement, source = (item.requirement, item.source) if isinstance(item, Ask) else (item, None)
    return (requirement.name, format_requirement(requirement), str(source))


def _by_name(asks: Iterable[Ask]) -> dict[NormalizedName, list[Ask]]:
    found: dict[NormalizedName, list[Ask]] = {}
    for ask in asks:
        found.setdefault(ask.requirement.name, []).append(ask)
    return found
