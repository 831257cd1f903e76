"""Sides: what declared conflicts are about, items with the same opponents taken as one.

A *side* is a largest set of items that conflict with the same others and not with each other: of ``a`` and ``b`` that
both exclude ``c``, one side is ``{a, b}``. It is active where any of its items is. Declaring every pair of two classes
of members therefore costs two sides and not one for each member.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from operator import attrgetter

from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import FALSE, Marker, parse_marker

__all__ = ["ITEM_ORDER", "Sides", "item_marker"]

ITEM_ORDER = attrgetter("order")


def item_marker(item: ConflictItem) -> Marker:
    """Where an item is active: selected, or reached by what is."""
    return parse_marker(f"extra == '{item.key}'")


class Sides:
    """The sides of all conflicts of a problem, numbered."""

    def __init__(self, conflicts: Iterable[tuple[ConflictItem, ...]]) -> None:
        against: dict[ConflictItem, set[ConflictItem]] = {}
        for items in conflicts:
            for one, other in combinations(sorted(set(items), key=ITEM_ORDER), 2):
                against.setdefault(one, set()).add(other)
                against.setdefault(other, set()).add(one)
        groups: dict[frozenset[ConflictItem], list[ConflictItem]] = {}
        for item in sorted(against, key=ITEM_ORDER):
            groups.setdefault(frozenset(against[item]), []).append(item)
        self.items: tuple[tuple[ConflictItem, ...], ...] = tuple(tuple(items) for items in groups.values())
        self.markers: tuple[Marker, ...] = tuple(_any(items) for items in self.items)
        """Where each side is active."""
        self._of: dict[ConflictItem, int] = {item: number for number, items in enumerate(self.items) for item in items}
        self._by_key = {item.key: number for item, number in self._of.items()}
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

    def named(self, keys: Iterable[str]) -> frozenset[int]:
        """The sides that conflict keys belong to; other keys are passed over."""
        return frozenset(self._by_key[key] for key in keys if key in self._by_key)

    def halves(self, region: Marker, side: int) -> list[Marker]:
        """The part of a region where a side is active, which its opponents then are not, and the part where it is
        not; without empty ones."""
        inside = region & self.markers[side]
        for other in self._against[side]:
            inside = inside & ~self.markers[other]
        return [half for half in (inside, region & ~self.markers[side]) if not half.is_false]

    def consistent(self, marker: Marker, keys: Iterable[str]) -> Marker:
        """The marker less where two of the items named by ``keys`` oppose each other and are both active."""
        sides = sorted(self.named(keys))
        for one, other in combinations(sides, 2):
            if other in self._against[one]:
                marker = marker & ~(self.markers[one] & self.markers[other])
        return marker


def _any(items: Iterable[ConflictItem]) -> Marker:
    found = FALSE
    for item in items:
        found = found | item_marker(item)
    return found
