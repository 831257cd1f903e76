"""The Python versions a marker can hold on, as intervals."""

from __future__ import annotations

import msgspec

from interlock.core.markers.nodes import FALSE, Marker
from interlock.core.markers.releases import Cut, key_text

__all__ = ["Interval", "python_lower_bound", "python_range", "python_upper_bound"]


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of full Python versions; None means no bound."""

    lower: str | None = None
    lower_inclusive: bool = True
    upper: str | None = None
    upper_inclusive: bool = False


def python_range(marker: Marker) -> tuple[Interval, ...]:
    """The versions of ``python_full_version`` for which the marker can hold, ascending; empty when it never does."""
    if marker is FALSE:
        return ()
    if marker.variable.name != "python_full_version" or marker.variable.kind != "version":
        return (Interval(),)
    found: list[Interval] = []
    start: Cut | None = None
    inside = False
    cuts: list[Cut | None] = [None, *marker.keys]
    for cut, child in zip(cuts, marker.children, strict=True):
        if child is not FALSE and not inside:
            start, inside = cut, True
        elif child is FALSE and inside:
            found.append(_interval(start, cut))
            inside = False
    if inside:
        found.append(_interval(start, None))
    return tuple(found)


def _interval(low: Cut | None, high: Cut | None) -> Interval:
    return Interval(
        lower=None if low is None else key_text(low[0]),
        lower_inclusive=low is None or low[1] == 0,
        upper=None if high is None else key_text(high[0]),
        upper_inclusive=high is not None and high[1] == 1,
    )


def python_lower_bound(marker: Marker) -> str | None:
    """The bound below every version the marker can hold on; None without one or when it never holds."""
    ranges = python_range(marker)
    return ranges[0].lower if ranges else None


def python_upper_bound(marker: Marker) -> str | None:
    """The bound above every version the marker can hold on; None without one or when it never holds."""
    ranges = python_range(marker)
    return ranges[-1].upper if ranges else None
