"""When a member, an extra or a group can be active: only together with every conflicting item that it reaches.

What a selection reaches counts as selected. So what needs ``lib[cpu]``, through whatever chain of members, extras and
groups, exists only in selections in which ``lib[cpu]`` is active: there it is resolved, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import FALSE, TRUE, Marker, parse_marker
from interlock.core.members.asks import MemberAsks
from interlock.core.members.sides import ITEM_ORDER, Sides
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement

__all__ = ["Activation", "Asked", "Contradiction"]

Asked = Callable[[ConflictItem], Iterable[tuple[Requirement, Marker]]]
"""What a member, an extra or a group itself asks for, and where."""


class Contradiction(NamedTuple):
    """A member, extra or group that reaches both of two items in conflict, in some environments."""

    item: ConflictItem
    one: ConflictItem
    other: ConflictItem
    where: Marker


class Activation:
    """For every member, extra and group the condition under which it can be selected."""

    def __init__(self, members: Iterable[MemberAsks], asked: Asked, sides: Sides) -> None:
        self._sides = sides
        self._reached: dict[ConflictItem, dict[ConflictItem, Marker]] = {}
        """By item: the conflicting items that it reaches, itself included, and in which environments."""
        if sides:
            self._trace(list(members), asked)

    def __repr__(self) -> str:
        return f"<Activation: {len(self._reached)} items reach a conflict>"

    def reached(self, item: ConflictItem) -> dict[ConflictItem, Marker]:
        return self._reached.get(item, {})

    def of(self, name: NormalizedName, extra: ExtraName | None = None, group: GroupName | None = None) -> Marker:
        """The selections and environments in which an item can be active."""
        reached = self.reached(ConflictItem(name, extra, group))
        found = TRUE
        for item in sorted(reached, key=ITEM_ORDER):
            found = found & (~reached[item] | self._sides.marker(item))
        for contradiction in self._contradictions(ConflictItem(name, extra, group)):
            found = found & ~contradiction.where
        return found

    def contradictions(self) -> list[Contradiction]:
        """Every item that reaches two sides of a conflict at once, sorted."""
        return [found for item in sorted(self._reached, key=ITEM_ORDER) for found in self._contradictions(item)]

    def _contradictions(self, item: ConflictItem) -> Iterable[Contradiction]:
        reached = self.reached(item)
        found = sorted(reached, key=ITEM_ORDER)
        for number, one in enumerate(found):
            for other in found[number + 1 :]:
                if self._sides.oppose(one, other):
                    both = reached[one] & reached[other]
                    if not both.is_false:
                        yield Contradiction(item, one, other, both)

    def _trace(self, members: list[MemberAsks], asked: Asked) -> None:
        """Let each conflicting item flow back to all that reach it."""
        names = {member.name for member in members}
        included = {item: list(_included(member, item)) for member in members for item in _items([member])}
        needing: dict[ConflictItem, list[tuple[ConflictItem, Marker]]] = {}
        for item in _items(members):
            if item.extra is not None:
                needing.setdefault(ConflictItem(item.member), []).append((item, TRUE))
            for target, where in included[item]:
                needing.setdefault(target, []).append((item, where))
            for requirement, where in asked(item):
                if requirement.name in names and not where.is_false:
                    for extra in (None, *requirement.extras):
                        target = ConflictItem(requirement.name, extra)
                        needing.setdefault(target, []).append((item, where))
        for source in sorted({item for items in self._sides.items for item in items}, key=ITEM_ORDER):
            self._flow(source, needing)

    def _flow(self, source: ConflictItem, needing: dict[ConflictItem, list[tuple[ConflictItem, Marker]]]) -> None:
        where: dict[ConflictItem, Marker] = {source: TRUE}
        queue = [source]
        while queue:
            target = queue.pop()
            for item, marker in needing.get(target, ()):
                known = where.get(item, FALSE)
                joined = known | (where[target] & marker)
                if joined is not known:
                    where[item] = joined
                    queue.append(item)
        for item, marker in where.items():
            self._reached.setdefault(item, {})[source] = marker


def _included(member: MemberAsks, item: ConflictItem) -> Iterable[tuple[ConflictItem, Marker]]:
    """The extras and groups of a member that stand in one of its tables as if they were its own."""
    for found in member.includes_of(item.slot):
        where = parse_marker(found.marker) if found.marker else TRUE
        yield ConflictItem(member.name, found.extra, found.group), where


def _items(members: Iterable[MemberAsks]) -> Iterable[ConflictItem]:
    for member in members:
        yield ConflictItem(member.name)
        yield from (ConflictItem(member.name, extra) for extra in member.extras)
        yield from (ConflictItem(member.name, None, group) for group in member.groups)
