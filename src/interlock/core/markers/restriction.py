"""Markers with something settled: extras that are or are not asked for, and what an assumption makes needless."""

from __future__ import annotations

from interlock.core.markers.cover import LIMITS, cover, union
from interlock.core.markers.nodes import EXTRA_BITS, FALSE, TRUE, Marker, Variable, rebuild, related
from interlock.core.markers.writing import comparisons
from interlock.core.names import ExtraName, normalize_extra

__all__ = [
    "extra_key",
    "extras_in",
    "restrict_extra",
    "restrict_key",
    "simplify",
    "without_environment",
    "without_extras",
]

_RESTRICTED: dict[tuple[Marker, frozenset[str]], Marker] = {}
_SETTLED: dict[tuple[Marker, str, bool], Marker] = {}
_PROJECTED: dict[Marker, Marker] = {}
_KEYS_ONLY: dict[Marker, Marker] = {}
_EXTRAS: dict[Marker, frozenset[ExtraName]] = {}
_SIMPLIFIED: dict[tuple[Marker, Marker], Marker] = {}
_FLAGS = frozenset({"extra", "extras", "dependency_groups"})


def extra_key(tested: Variable) -> str:
    """The key that makes a flag true: the name of an extra (or a conflict key), ``:name`` for a dependency group."""
    return f":{tested.value}" if tested.name == "dependency_groups" else tested.value


def restrict_extra(marker: Marker, active: frozenset[str]) -> Marker:
    """Settle every test of an extra, conflict key or group: true when its key is in ``active``, else false; a test of
    the empty extra is true when nothing is active."""
    if not marker.mask & EXTRA_BITS:
        return marker
    found = _RESTRICTED.get((marker, active))
    if found is None:
        tested = marker.variable
        if tested.name in _FLAGS:
            key = extra_key(tested)
            found = restrict_extra(marker.children[key in active if key else not active], active)
        else:
            found = rebuild(marker, [restrict_extra(child, active) for child in marker.children])
        _RESTRICTED[marker, active] = found
    return found


def restrict_key(marker: Marker, key: str, value: bool) -> Marker:
    """Settle the tests of one key, leaving all others."""
    return _settle(marker, normalize_extra(key), value)


def _settle(marker: Marker, key: str, value: bool) -> Marker:
    if not marker.mask & EXTRA_BITS:
        return marker
    found = _SETTLED.get((marker, key, value))
    if found is None:
        tested = marker.variable
        if tested.name in _FLAGS and extra_key(tested) == key:
            found = _settle(marker.children[value], key, value)
        elif tested.name in _FLAGS and not extra_key(tested) and value:
            found = _settle(marker.children[False], key, value)
        else:
            found = rebuild(marker, [_settle(child, key, value) for child in marker.children])
        _SETTLED[marker, key, value] = found
    return found


def without_extras(marker: Marker) -> Marker:
    """Where the marker can hold for some choice of extras and groups."""
    if not marker.mask & EXTRA_BITS:
        return marker
    found = _PROJECTED.get(marker)
    if found is None:
        children = [without_extras(child) for child in marker.children]
        found = children[0] | children[1] if marker.variable.name in _FLAGS else rebuild(marker, children)
        _PROJECTED[marker] = found
    return found


def without_environment(marker: Marker) -> Marker:
    """For which choices of extras and groups the marker can hold in some environment."""
    if not marker.mask & EXTRA_BITS:
        return FALSE if marker is FALSE else TRUE
    found = _KEYS_ONLY.get(marker)
    if found is None:
        children = [without_environment(child) for child in marker.children]
        if marker.variable.name in _FLAGS:
            found = rebuild(marker, children)
        else:
            found = FALSE
            for child in children:
                found = found | child
        _KEYS_ONLY[marker] = found
    return found


def tests_extras(marker: Marker) -> bool:
    """Whether the marker tests an extra, conflict key or group, the empty extra included."""
    return bool(marker.mask & EXTRA_BITS)


def extras_in(marker: Marker) -> frozenset[ExtraName]:
    """The extras and conflict keys a marker tests, by ``extra`` or ``extras``."""
    if not marker.mask & EXTRA_BITS:
        return frozenset()
    found = _EXTRAS.get(marker)
    if found is None:
        found = frozenset().union(*(extras_in(child) for child in marker.children))
        if marker.variable.name in {"extra", "extras"} and marker.variable.value:
            found |= {ExtraName(marker.variable.value)}
        _EXTRAS[marker] = found
    return found


def simplify(marker: Marker, assuming: Marker) -> Marker:
    """A marker as short as possible that equals ``marker`` wherever ``assuming`` holds.

    Outside it the result may be anything, so it is only always true when ``assuming`` implies ``marker``.
    """
    if assuming is TRUE or marker is TRUE or marker is FALSE:
        return marker
    found = _SIMPLIFIED.get((marker, assuming))
    if found is None:
        found = _SIMPLIFIED[marker, assuming] = _simplify(marker, assuming)
    return found


def _simplify(marker: Marker, assuming: Marker) -> Marker:
    inside = marker & assuming
    if inside is FALSE:
        return FALSE
    if inside is assuming:
        return TRUE
    if not related(marker, assuming):
        return marker
    inverse = ~marker
    for limit in LIMITS[:2]:
        terms = cover(inside, marker | ~assuming, limit)
        clauses = cover(inverse & assuming, inverse | ~assuming, limit)
        if clauses is not None and (terms is None or comparisons(clauses) < comparisons(terms)):
            return ~union(clauses)
        if terms is not None:
            return union(terms)
    return marker
