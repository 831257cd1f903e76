"""Which of the things that conflict pair by pair exclude each other all, and which can be together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

from interlock.core.manifests.manifest import ConflictItem

__all__ = ["exclusive_sets", "joint_sets"]

Items = tuple[ConflictItem, ...]


def exclusive_sets(pairs: Iterable[Items]) -> tuple[Items, ...]:
    """The largest sets in which every two conflict; each pair is in one of them."""
    edges = _edges(pairs)
    return _largest({item for edge in edges for item in edge}, lambda one, other: frozenset((one, other)) in edges)


def joint_sets(conflicts: Iterable[Items]) -> tuple[Items, ...]:
    """The largest sets of those named in which no two conflict; whatever is not named fits with each of them."""
    edges = _edges(conflicts)
    return _largest({item for edge in edges for item in edge}, lambda one, other: frozenset((one, other)) not in edges)


def _edges(conflicts: Iterable[Items]) -> set[frozenset[ConflictItem]]:
    return {frozenset(pair) for items in conflicts for pair in combinations(items, 2)}


def _largest(items: set[ConflictItem], related: Callable[[ConflictItem, ConflictItem], bool]) -> tuple[Items, ...]:
    """The sets, to which nothing can be added, of items that are all related (Bron and Kerbosch)."""
    near = {one: {other for other in items if other != one and related(one, other)} for one in items}
    found: list[Items] = []

    def grow(chosen: Items, open_items: set[ConflictItem], closed: set[ConflictItem]) -> None:
        if not open_items and not closed:
            found.append(tuple(sorted(chosen, key=_order)))
            return
        pivot = min(open_items | closed, key=lambda item: (-len(near[item] & open_items), _order(item)))
        for item in sorted(open_items - near[pivot], key=_order):
            grow((*chosen, item), open_items & near[item], closed & near[item])
            open_items = open_items - {item}
            closed = closed | {item}

    if items:
        grow((), set(items), set())
    return tuple(sorted(found, key=lambda chosen: [_order(item) for item in chosen]))


def _order(item: ConflictItem) -> tuple[str, str, str]:
    return item.member, item.extra or "", item.group or ""
