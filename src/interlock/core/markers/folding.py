"""Many markers joined into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import and_, or_

from interlock.core.markers.nodes import FALSE, TRUE, Marker

__all__ = ["all_of", "any_of"]


def all_of(markers: Iterable[Marker]) -> Marker:
    """Where all of them hold; everywhere for none. Folded in pairs, so many small ones cost little more than reading
    them."""
    return _folded(markers, and_, TRUE)


def any_of(markers: Iterable[Marker]) -> Marker:
    """Where one of them holds; nowhere for none."""
    return _folded(markers, or_, FALSE)


def _folded(markers: Iterable[Marker], join: Callable[[Marker, Marker], Marker], neutral: Marker) -> Marker:
    level = list(dict.fromkeys(markers))
    while len(level) > 1:
        pairs = [join(one, other) for one, other in zip(level[::2], level[1::2], strict=False)]
        level = pairs if len(level) % 2 == 0 else [*pairs, level[-1]]
    return level[0] if level else neutral
