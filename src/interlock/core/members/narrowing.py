"""Members that need a member with a narrower range of Pythons: what they are locked for instead of what they say.

A member can be installed where all that it needs unconditionally can be. So its range, or that of its extra or group,
is cut down to the ranges of the members it needs, and then that of those that need it in turn: the greatest fixpoint.
A need that holds only on some platforms, or that leaves nothing, or a set of Pythons that no specifier can say, cuts
nothing: resolving says what is wrong there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import msgspec

from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    Marker,
    any_of,
    extras_in,
    parse_marker,
    python_range,
    requires_python_marker,
    simplify,
)
from interlock.core.members.asks import Ask, MemberAsks
from interlock.core.names import NormalizedName
from interlock.core.requirements.slot import PROJECT, PROJECT_TABLE, extra_table, group_table, slot_of
from interlock.core.sources.source import Member

__all__ = ["Narrowed", "Narrowing", "describe_narrowings", "everywhere", "narrow", "narrow_to"]

_LISTED = 6


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a member that is locked for fewer Pythons than it says."""

    member: NormalizedName
    table: str = PROJECT_TABLE
    """``dependencies``, ``extra:x`` or ``group:g``."""
    path: str
    requires_python: str
    """What it is locked for."""
    because: NormalizedName
    """The member whose own range is the reason."""
    range: str
    """That member's own."""
    cap: bool = False
    """Only the end is another one."""

    def __str__(self) -> str:
        owner = self.member or "the workspace root"
        slot = slot_of(self.table)
        return owner if slot == PROJECT else f"{slot.kind} `{slot.extra or slot.group}` of {owner}"


class _Place(NamedTuple):
    member: NormalizedName
    table: str = PROJECT_TABLE


class _Need(NamedTuple):
    place: _Place
    condition: Marker
    on: tuple[_Place, ...]
    ask: Ask | None = None


class Narrowed(NamedTuple):
    members: tuple[MemberAsks, ...]
    """With the ranges they are locked for."""
    narrowings: tuple[Narrowing, ...] = ()
    impossible: tuple[tuple[MemberAsks, Ask], ...] = ()
    """What members ask of members that no Python would be left for."""


def narrow(members: Iterable[MemberAsks], environments: Iterable[str] = ()) -> Narrowed:
    """Cut the ranges of members down to those of what they need. ``environments`` are all that count."""
    members = tuple(members)
    ranges = {(member.requires_python, *member.group_requires_python.values()) for member in members if member.name}
    if len(ranges) <= 1 and all(len(found) == 1 for found in ranges):
        return Narrowed(members)
    work = _Narrowing(members, environments)
    work.run()
    return Narrowed(
        tuple(work.member(member) for member in members), tuple(work.narrowings()), tuple(work.impossible.values())
    )


def everywhere(members: Iterable[MemberAsks]) -> str:
    """The Pythons on which all members run; empty when there are none, or no range says them."""
    found = TRUE
    for member in members:
        if member.name:
            found &= requires_python_marker(member.requires_python)
    return _specifier(found)


def narrow_to(pythons: str, member: MemberAsks, tables: Iterable[str]) -> MemberAsks:
    """A member with some of its tables (``dependencies`` is the whole member) in no more than a range."""
    for extra, group in map(slot_of, tables):
        if extra is not None:
            bounds = member.extra_requires_python
            both = _both(bounds.get(extra) or member.requires_python, pythons)
            member = msgspec.structs.replace(member, extra_requires_python={**bounds, extra: both})
        elif group is not None:
            limits = member.group_requires_python
            both = _both(limits.get(group) or member.requires_python, pythons)
            member = msgspec.structs.replace(member, group_requires_python={**limits, group: both})
        else:
            member = msgspec.structs.replace(member, requires_python=_both(member.requires_python, pythons))
    return member


def _both(one: str, other: str) -> str:
    """The range that is in both; the first where nothing is, or nothing less."""
    here = requires_python_marker(one)
    both = here & requires_python_marker(other)
    return one if both is here else _specifier(both) or one


class _Narrowing:
    def __init__(self, members: tuple[MemberAsks, ...], environments: Iterable[str]) -> None:
        self._by_name = {member.name: member for member in members}
        self._world = any_of(requires_python_marker(member.requires_python) for member in members if member.name)
        self._declared = any_of([parse_marker(text) for text in environments] or [TRUE])
        self._where: dict[_Place, Marker] = {}
        self._said: dict[_Place, Marker] = {}
        self._because: dict[_Place, NormalizedName] = {}
        self._needs: list[_Need] = []
        self.impossible: dict[_Need, tuple[MemberAsks, Ask]] = {}
        for member in members:
            self._add(member)
        self._said.update(self._where)

    def __repr__(self) -> str:
        return f"<Narrowing of {len(self._because)} tables>"

    def _add(self, member: MemberAsks) -> None:
        base, bounds = _Place(member.name), member.table_pythons
        # A virtual root has no range of its own: its groups are for wherever the members run.
        own = requires_python_marker(member.requires_python) if member.name else self._world
        self._where[base] = own
        for table, asks in _tables(member):
            place = _Place(member.name, table)
            bound = bounds.get(table, "")
            if place != base:
                self._where[place] = own & requires_python_marker(bound) if bound else own
                self._needs.append(_Need(place, TRUE, (base,)))
            for ask in asks:
                need = self._need(place, ask)
                if need is not None:
                    self._needs.append(need)

    def _need(self, place: _Place, ask: Ask) -> _Need | None:
        source = ask.source
        if not isinstance(source, Member) or source.name not in self._by_name:
            return None
        condition = parse_marker(ask.requirement.marker) if ask.requirement.marker else TRUE
        if extras_in(condition):
            return None
        known = self._by_name[source.name].extras
        extras = [_Place(source.name, extra_table(extra)) for extra in ask.requirement.extras if extra in known]
        return _Need(place, condition, (_Place(source.name), *extras), ask)

    def run(self) -> None:
        by_target: dict[_Place, list[_Need]] = {}
        for need in self._needs:
            for target in need.on:
                by_target.setdefault(target, []).append(need)
        queue = list(dict.fromkeys(self._needs))
        waiting = set(queue)
        while queue:
            need = queue.pop()
            waiting.discard(need)
            for target in need.on:
                if self._cut(need, target):
                    more = [one for one in by_target.get(need.place, ()) if one not in waiting]
                    waiting.update(more)
                    queue += more

    def _cut(self, need: _Need, target: _Place) -> bool:
        """Take away where a need cannot be met; whether anything was."""
        here, there = self._where[need.place], self._where[target]
        if here is there:
            return False
        missing = simplify(here & need.condition & ~there, self._declared)
        if missing.is_false or not _is_of_pythons(missing):
            return False
        left = here & ~missing
        if left.is_false and need.ask is not None:
            self.impossible[need] = (self._by_name[need.place.member], need.ask)
        if left is here or not _specifier(left):
            return False
        self._where[need.place] = left
        if need.place not in self._because or not _is_cap(left, here):
            own = _is_cap(there, self._said[target])
            self._because[need.place] = target.member if own else self._because[target]
        return True

    def member(self, member: MemberAsks) -> MemberAsks:
        cut = self._cuts.get(member.name)
        if cut is None:
            return member
        return msgspec.structs.replace(
            member,
            requires_python=cut.get(PROJECT_TABLE, member.requires_python),
            extra_requires_python={name: cut[extra_table(name)] for name in member.extras if extra_table(name) in cut},
            group_requires_python=member.group_requires_python
            | {name: cut[group_table(name)] for name in member.groups if group_table(name) in cut},
        )

    @cached_property
    def _cuts(self) -> dict[NormalizedName, dict[str, str]]:
        """The new range of each table that has been cut, by member; what a member's own range says is not repeated."""
        found: dict[NormalizedName, dict[str, str]] = {}
        for place in sorted(self._because):
            base = _Place(place.member)
            if place == base or self._where[place] is not self._where[base]:
                found.setdefault(place.member, {})[place.table] = _specifier(self._where[place])
        return found

    def narrowings(self) -> Iterator[Narrowing]:
        for place in sorted(self._because):
            text = self._cuts.get(place.member, {}).get(place.table)
            if text is None:
                continue
            because = self._because[place]
            yield Narrowing(
                member=place.member,
                table=place.table,
                path=self._by_name[place.member].path,
                requires_python=text,
                because=because,
                range=self._by_name[because].requires_python,
                cap=_is_cap(self._where[place], self._said[place]),
            )


def _tables(member: MemberAsks) -> Iterator[tuple[str, tuple[Ask, ...]]]:
    yield PROJECT_TABLE, member.dependencies
    for extra, asks in member.extras.items():
        yield extra_table(extra), asks
    for group, asks in member.groups.items():
        yield group_table(group), asks


def _is_of_pythons(marker: Marker) -> bool:
    """Whether nothing but the version of Python decides."""
    if marker is TRUE:  # pragma: no cover - all Pythons of all members are missing to none
        return True
    return marker.variable.name == "python_full_version" and all(child in {TRUE, FALSE} for child in marker.children)


def _specifier(marker: Marker) -> str:
    """A range that is true where a marker on Pythons is; empty where there is none."""
    found = python_range(marker)
    clauses = []
    if found and found[0].lower is not None:
        clauses.append(f">={found[0].lower}")
    if found and found[-1].upper is not None:
        clauses.append(f"{'<=' if found[-1].upper_inclusive else '<'}{found[-1].upper}")
    for before, after in pairwise(found):
        clauses += _hole(before.upper or "", after.lower or "")
    text = ",".join(clauses)
    return text if text and requires_python_marker(text) is marker else ""


def _hole(first: str, end: str) -> list[str]:
    """The minor versions from one up to another, as exclusions."""
    start, stop = first.split("."), end.split(".")
    if len(start) != 2 or len(stop) != 2 or start[0] != stop[0]:
        return []
    return [f"!={start[0]}.{minor}.*" for minor in range(int(start[1]), int(stop[1]))]


def _is_cap(left: Marker, before: Marker) -> bool:
    """Whether a range is another one, or that cut at its end only."""
    if left is before:
        return True
    end = python_range(left)[-1].upper
    return end is not None and (before & ~left & requires_python_marker(f"<{end}")).is_false


def describe_narrowings(narrowings: Iterable[Narrowing]) -> Iterator[str]:
    """One sentence for each member whose range is the reason; a cut at the far end alone is not worth one."""
    by_reason: dict[tuple[NormalizedName, str], list[Narrowing]] = {}
    for one in narrowings:
        if one.cap:
            continue
        by_reason.setdefault((one.because, one.requires_python), []).append(one)
    for (because, requires_python), found in sorted(by_reason.items()):
        listed = ", ".join(str(one) for one in found[:_LISTED])
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        needs = "needs" if len(found) == 1 else "need"
        yield (
            f"{listed}{more} {needs} {because}, which needs Python {found[0].range}: locked for Python"
            f" {requires_python} only."
        )
