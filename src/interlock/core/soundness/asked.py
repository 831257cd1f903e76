"""What a slot of a member or package asks for, with overrides and excludes applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from interlock.core.lock.graph import Target, key_of
from interlock.core.lock.model import LockedMember
from interlock.core.markers.diagram import TRUE, Marker, parse_marker, restrict_extra
from interlock.core.members.asks import Ask, MemberAsks, ScopedAsks
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.soundness.evidence import Evidence
from interlock.core.sources.source import Source

__all__ = ["Asked", "Asking", "admits"]

_NO_EXTRA: frozenset[str] = frozenset()


class Asked(NamedTuple):
    """One thing asked for, and where."""

    requirement: Requirement
    where: Marker
    source: Source | None
    condition: Marker = TRUE
    """What stays of :attr:`where` when the requirement is overridden."""


class Asking:
    """Reads what each slot of a target asks."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._members: dict[NormalizedName, MemberAsks] = {member.name: member for member in evidence.members}

    def __repr__(self) -> str:
        return f"<Asking of {len(self._members)} members>"

    def of(self, target: Target, slot: Slot) -> list[Asked] | None:
        """None when nobody knows."""
        if isinstance(target, LockedMember):
            member = self._members.get(target.name)
            return None if member is None else list(self._adjusted(_of_member(member, slot)))
        published = self._evidence.published.get(key_of(target))
        if published is None or published.requires is None:
            return None
        asked = list(_of_package(published.requires, slot))
        rules = [rule for rule in self._evidence.limits.scoped if _is_meant(rule, target.name, target.version)]
        return list(self._adjusted(_scoped(asked, rules, whole=slot == PROJECT)))

    def _adjusted(self, asked: Iterable[Asked]) -> Iterator[Asked]:
        """Excludes drop a name, overrides replace what is asked of it, marker too; extras and the source stay."""
        for item in asked:
            name = item.requirement.name
            if name in self._evidence.excludes:
                continue
            overrides = [ask for ask in self._evidence.limits.overrides if ask.requirement.name == name]
            yield from (_replaced(override, item) for override in overrides) if overrides else (item,)


def _of_member(member: MemberAsks, slot: Slot) -> Iterator[Asked]:
    for ask in member.of(slot):
        yield Asked(ask.requirement, _marker(ask.requirement), ask.source, _condition(ask))


def _of_package(requires: Sequence[Requirement | Ask], slot: Slot) -> Iterator[Asked]:
    """An extra asks for what does not hold without it."""
    for item in requires:
        requirement, source = (item.requirement, item.source) if isinstance(item, Ask) else (item, None)
        condition = _condition(item) if isinstance(item, Ask) else TRUE
        marker = _marker(requirement)
        where = restrict_extra(marker, _NO_EXTRA)
        if slot.extra is not None:
            where = restrict_extra(marker, frozenset((slot.extra,))) & ~where
        if not where.is_false:
            yield Asked(requirement, where, source, condition)


def _scoped(asked: list[Asked], rules: list[ScopedAsks], *, whole: bool) -> Iterator[Asked]:
    """With the overrides for this package alone: they replace by name, and add what it does not ask itself."""
    given = [ask for rule in rules for ask in rule.asks]
    names = {ask.requirement.name for ask in given}
    kept = [item for item in asked if item.requirement.name not in names]
    yield from kept
    for ask in given:
        replaced = [item for item in asked if item.requirement.name == ask.requirement.name]
        if replaced:
            yield _replaced(ask, replaced[0])
        elif whole:
            yield Asked(ask.requirement, _marker(ask.requirement), ask.source)


def _replaced(override: Ask, item: Asked) -> Asked:
    wanted = override.requirement
    extras = tuple(sorted({*item.requirement.extras, *wanted.extras}))
    requirement = Requirement(wanted.name, wanted.specifier, wanted.marker, extras, wanted.url)
    source = override.source or (None if wanted.url else item.source)
    return Asked(requirement, _marker(wanted) & item.condition, source)


def _is_meant(rule: ScopedAsks, name: NormalizedName, version: str) -> bool:
    return rule.package == name and admits(rule.specifier, version)


def _condition(ask: Ask) -> Marker:
    return parse_marker(ask.condition) if ask.condition else TRUE


def _marker(requirement: Requirement) -> Marker:
    return parse_marker(requirement.marker) if requirement.marker else TRUE


def admits(specifier: str, version: str) -> bool:
    """Whether a version satisfies a specifier; what cannot be read as one is not held against anybody."""
    if not specifier or not version:
        return True
    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True
