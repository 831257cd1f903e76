"""Asks: what members want, each with the source it is to come from and the place where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import msgspec

from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.requirements.slot import PROJECT_TABLE, Slot, extra_table, group_table
from interlock.core.sources.source import Source

__all__ = ["Ask", "Inclusion", "Limits", "MemberAsks", "Origin", "ScopedAsks"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an ask is written."""

    member: NormalizedName
    table: str = PROJECT_TABLE
    """``dependencies``, ``extra:x`` or ``group:g``; ``constraint`` or ``override`` for what the root says of all."""
    text: str = ""
    """The requirement as written."""
    path: str = ""
    """The member's directory, POSIX, relative to the workspace root."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    requirement: Requirement
    source: Source | None = None
    """None: the index that answers for the name."""
    editable: bool | None = None
    condition: str = ""
    """The part of the marker that is not the requirement's own, but of its source and of the references that lead to
    it: it stays when the requirement is overridden."""
    origin: Origin


class Inclusion(msgspec.Struct, frozen=True, kw_only=True):
    """An extra or a group of the same project whose requirements stand in a table as if they were its own."""

    extra: ExtraName | None = None
    group: GroupName | None = None
    marker: str = ""

    @property
    def slot(self) -> Slot:
        return Slot(self.extra, self.group)


class MemberAsks(msgspec.Struct, frozen=True, kw_only=True):
    """All that one member (or another source tree) asks for."""

    name: NormalizedName
    path: str
    version: str = ""
    """Empty when dynamic."""
    requires_python: str = ""
    package: bool = True
    dependencies: tuple[Ask, ...] = ()
    extras: dict[ExtraName, tuple[Ask, ...]] = {}
    groups: dict[GroupName, tuple[Ask, ...]] = {}
    """Includes expanded; groups that cannot be used are left out."""
    extra_requires_python: dict[ExtraName, str] = {}
    """Of the extras that cannot be had wherever the member can."""
    includes: dict[str, tuple[Inclusion, ...]] = {}
    """By table (as in :attr:`Origin.table`) what was expanded there: with a conflict, what includes counts too."""
    group_requires_python: dict[GroupName, str] = {}

    left_out: tuple[str, ...] = ()
    """Tables of the manifest that a part of a workspace does not have: ``dependencies``, ``extra:x``, ``group:g``."""

    def of(self, slot: Slot) -> tuple[Ask, ...]:
        """What one of its slots asks for; nothing when there is no such slot."""
        if slot.extra is not None:
            return self.extras.get(slot.extra, ())
        return self.dependencies if slot.group is None else self.groups.get(slot.group, ())

    def includes_of(self, slot: Slot) -> tuple[Inclusion, ...]:
        """What was expanded in one of its slots."""
        return self.includes.get(slot.table, ())

    @property
    def table_pythons(self) -> dict[str, str]:
        """The ranges of the tables that have one of their own, by table: ``extra:x`` or ``group:g``."""
        found = {extra_table(name): text for name, text in self.extra_requires_python.items()}
        found |= {group_table(name): text for name, text in self.group_requires_python.items() if name in self.groups}
        return dict(sorted(found.items()))

    @property
    def pythons(self) -> tuple[str, dict[str, str]]:
        """The ranges of the member and of its tables."""
        return self.requires_python, self.table_pythons

    def every(self) -> Iterator[Ask]:
        """The asks of all tables, one after the other."""
        return chain(self.dependencies, *self.extras.values(), *self.groups.values())


class ScopedAsks(msgspec.Struct, frozen=True, kw_only=True):
    """What one package is said to ask for, whatever it says itself."""

    package: NormalizedName
    specifier: str = ""
    """Of the versions it is about; empty: all."""
    asks: tuple[Ask, ...]
    """Each replaces what the package asks of that name, or is added."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the root of a workspace says about everybody's requirements, with its sources."""

    constraints: tuple[Ask, ...] = ()
    overrides: tuple[Ask, ...] = ()
    scoped: tuple[ScopedAsks, ...] = ()

    @property
    def asks(self) -> tuple[Ask, ...]:
        return (*self.constraints, *self.overrides, *(ask for rule in self.scoped for ask in rule.asks))
