"""Markers as text: the shortest of a few deterministic shapes, PEP 508 that other tools read alike."""

from __future__ import annotations

from interlock.core.markers.cover import LIMITS, Flag, Literal, Range, Term, Values, branches, cover
from interlock.core.markers.nodes import FALSE, TRUE, Marker, Variable
from interlock.core.markers.releases import Cut, is_minor, key_text

__all__ = ["comparisons", "format_marker"]

_NEVER = "python_version < '0'"
_TEXTS: dict[Marker, str] = {TRUE: "", FALSE: _NEVER}


def format_marker(marker: Marker) -> str:
    """Write a marker; ``""`` for the one that always applies. Parsing the text gives the same marker back.

    Either a disjunction of terms or a conjunction of clauses, whichever has fewer comparisons.
    """
    found = _TEXTS.get(marker)
    if found is None:
        found = _TEXTS[marker] = _write(marker)
    return found


def _write(marker: Marker) -> str:
    inverse = ~marker
    for limit in LIMITS:
        terms = cover(marker, marker, limit)
        clauses = cover(inverse, inverse, limit)
        if clauses is not None and (terms is None or comparisons(clauses) < comparisons(terms)):
            return _join(sorted((_term(term, negated=True) for term in clauses), key=_order), " and ", " or ")
        if terms is not None:
            return _join(sorted((_term(term, negated=False) for term in terms), key=_order), " or ", " and ")
    # Too entangled for either shape: follow the diagram, which is never larger than its paths.
    cases = []
    for literal, below in branches(marker):
        joint, parts = _literal(literal, negated=False)
        text = joint.join(parts)
        cases.append(text if below is TRUE else f"({text} and ({format_marker(below)}))")
    return " or ".join(cases)


def comparisons(terms: tuple[Term, ...]) -> int:
    """How many comparisons it takes to write the terms."""
    return sum(map(_length, terms))


def _length(term: Term) -> int:
    return sum(len(_literal(literal, negated=False)[1]) for literal in term)


_Group = tuple[tuple[object, ...], list[str], str]
"""Sort key, comparisons, and what joins them."""


def _term(term: Term, *, negated: bool) -> list[_Group]:
    groups: list[_Group] = []
    for literal in term:
        joint, parts = _literal(literal, negated=negated)
        groups.append((_place(literal), parts, joint))
    return groups


def _order(groups: list[_Group]) -> tuple[tuple[object, ...], ...]:
    return tuple(place for place, _, _ in groups)


def _place(literal: Literal) -> tuple[object, ...]:
    """By variable, then by version or value; open bounds first."""
    order = literal.variable.order
    if isinstance(literal, Flag):
        return (*order, literal.truth)
    if isinstance(literal, Values):
        return (*order, literal.negated, literal.values)
    low, high = literal.low, literal.high
    return (*order, low is not None, low or (), high is not None, high or (), literal.holes)


def _join(items: list[list[_Group]], outer: str, inner: str) -> str:
    texts = []
    for groups in items:
        pieces = []
        for _, parts, joint in groups:
            text = joint.join(parts)
            # `and` inside `or` needs no parentheses for the standard, but gets them for the reader.
            nested = len(parts) > 1 and joint != inner and len(groups) > 1
            pieces.append(f"({text})" if nested else text)
        text = inner.join(pieces)
        several = len(groups) > 1 or len(groups[0][1]) > 1
        mixed = several and len(items) > 1 and (len(groups) > 1 or groups[0][2] != outer)
        texts.append(f"({text})" if mixed else text)
    return outer.join(texts)


def _literal(literal: Literal, *, negated: bool) -> tuple[str, list[str]]:
    """How its comparisons are joined, and the comparisons."""
    tested = literal.variable
    if isinstance(literal, Flag):
        return " and ", [_flag(tested, literal.truth is not negated)]
    if isinstance(literal, Values):
        equal = literal.negated is negated
        operator = "==" if equal else "!="
        return (" or " if equal else " and "), [f"{tested.name} {operator} {_quote(v)}" for v in literal.values]
    return (" or " if negated else " and "), _range(tested, literal, negated=negated)


def _range(tested: Variable, literal: Range, *, negated: bool) -> list[str]:
    low, high = literal.low, literal.high
    if low is not None and high is not None and (same := _same(tested, low, high, negated=negated)):
        parts = [same]
    else:
        parts = []
        if low is not None:
            parts.append(_bound(tested, low, upper=negated))
        if high is not None:
            parts.append(_bound(tested, high, upper=not negated))
    parts += [_same(tested, start, end, negated=not negated) for start, end in literal.holes]
    return parts


def _bound(tested: Variable, cut: Cut, *, upper: bool) -> str:
    key, after = cut
    if upper:
        return f"{tested.name} {'<=' if after else '<'} '{key_text(key, 3 if after else 2)}'"
    return f"{tested.name} {'>' if after else '>='} '{key_text(key, 3 if after else 2)}'"


def _same(tested: Variable, low: Cut, high: Cut, *, negated: bool) -> str:
    """The interval as one comparison, empty when none says it."""
    operator = "!=" if negated else "=="
    if is_minor(low, high):
        if tested.name == "python_full_version":
            return f"python_version {operator} '{key_text(low[0])}'"
        return f"{tested.name} {operator} '{key_text(low[0])}.*'"
    if low[0] == high[0]:
        return f"{tested.name} {operator} '{key_text(low[0], 3)}'"
    return ""


def _flag(tested: Variable, truth: bool) -> str:
    value = _quote(tested.value)
    if tested.operator in {"==", "is"}:
        return f"{tested.name} {'==' if truth else '!='} {value}"
    operator = "in" if truth else "not in"
    if tested.operator == "within":
        return f"{tested.name} {operator} {value}"
    return f"{value} {operator} {tested.name}"


def _quote(value: str) -> str:
    return f'"{value}"' if "'" in value else f"'{value}'"
