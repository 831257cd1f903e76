"""Sides: what declared conflicts are about, items with the same opponents taken as one.

A *side* is a largest set of items that conflict with the same others and not with each other: of ``a`` and ``b`` that
both exclude ``c``, one side is ``{a, b}``. It is active where any of its items is. Declaring every pair of two classes
of members therefore costs two sides and not one for each member.

While a problem is solved the items have other names, in whose order those that conflict stand side by side: a decision
diagram in which what belongs together is far apart grows with the power of two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations
from operator import attrgetter

from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import Marker, any_of, extra_marker

__all__ = ["ITEM_ORDER", "Sides"]

ITEM_ORDER = attrgetter("order")
_QUOTED = re.compile(r"'([^']*)'")
_ALIAS = re.compile(r"\(\d{6}\)")


class Sides:
    """The sides of all conflicts of a problem, numbered."""

    def __init__(self, conflicts: Iterable[tuple[ConflictItem, ...]]) -> None:
        against: dict[ConflictItem, set[ConflictItem]] = {}
        for items in conflicts:
            for one, other in combinations(sorted(set(items), key=ITEM_ORDER), 2):
                against.setdefault(one, set()).add(other)
                against.setdefault(other, set()).add(one)
        ordered = _side_by_side(against)
        self._aliases = {item: f"({number:06})" for number, item in enumerate(ordered)}
        self._keys = {alias: item.key for item, alias in self._aliases.items()}
        groups: dict[frozenset[ConflictItem], list[ConflictItem]] = {}
        for item in ordered:
            groups.setdefault(frozenset(against[item]), []).append(item)
        self.items: tuple[tuple[ConflictItem, ...], ...] = tuple(tuple(items) for items in groups.values())
        self.markers: tuple[Marker, ...] = tuple(any_of(map(self.marker, items)) for items in self.items)
        """Where each side is active."""
        self._of: dict[ConflictItem, int] = {item: number for number, items in enumerate(self.items) for item in items}
        self._by_alias = {self._aliases[item]: number for item, number in self._of.items()}
        self._by_key = {item.key: self._aliases[item] for item in self._of}
        self._against = tuple(tuple(sorted({self._of[other] for other in against[items[0]]})) for items in self.items)

    def __repr__(self) -> str:
        return f"<Sides: {len(self.items)}>"

    def __bool__(self) -> bool:
        return bool(self.items)

    def __contains__(self, item: ConflictItem) -> bool:
        return item in self._of

    def of(self, item: ConflictItem) -> int:
        return self._of[item]

    def opponents(self, side: int) -> tuple[int, ...]:
        return self._against[side]

    def oppose(self, one: ConflictItem, other: ConflictItem) -> bool:
        return self._of[other] in self._against[self._of[one]]

    def named(self, aliases: Iterable[str]) -> frozenset[int]:
        """The sides of the items that markers test; other extras are passed over."""
        return frozenset(self._by_alias[alias] for alias in aliases if alias in self._by_alias)

    def marker(self, item: ConflictItem) -> Marker:
        """Where an item is active: selected, or reached by what is."""
        return extra_marker(self._aliases[item])

    def read(self, text: str) -> str:
        """A lock's marker in the names that items have here."""
        return _QUOTED.sub(lambda found: f"'{self._by_key.get(found[1], found[1])}'", text) if self._by_key else text

    def write(self, text: str) -> str:
        """A marker in the names that items have in a lock."""
        return _ALIAS.sub(lambda found: self._keys[found[0]], text) if self._by_key else text

    def halves(self, region: Marker, side: int) -> list[Marker]:
        """The part of a region where a side is active, which its opponents then are not, and the part where it is
        not; without empty ones."""
        inside = region & self.markers[side]
        for other in self._against[side]:
            inside = inside & ~self.markers[other]
        return [half for half in (inside, region & ~self.markers[side]) if not half.is_false]

    def consistent(self, marker: Marker, aliases: Iterable[str]) -> Marker:
        """The marker less where two of the items named by ``aliases`` oppose each other and are both active."""
        sides = sorted(self.named(aliases))
        for one, other in combinations(sides, 2):
            if other in self._against[one]:
                marker = marker & ~(self.markers[one] & self.markers[other])
        return marker


def _side_by_side(against: dict[ConflictItem, set[ConflictItem]]) -> list[ConflictItem]:
    """The items, those that conflict directly or by others next to each other, else sorted."""
    found: dict[ConflictItem, None] = {}
    for start in sorted(against, key=ITEM_ORDER):
        queue = [start]
        for item in queue:
            if item not in found:
                found[item] = None
                queue += sorted(against[item], key=ITEM_ORDER)
    return list(found)
