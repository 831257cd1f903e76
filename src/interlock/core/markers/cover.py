"""Short sums of products: the few terms whose union is a marker, used to write and to simplify markers.

The recursion is the irredundant sum of products of Minato and Morreale, for many-valued variables: given a lower and an
upper marker it finds terms whose union lies between them. A term may reach into the upper marker to become shorter,
which is where simplification under an assumption comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from interlock.core.markers.folding import any_of
from interlock.core.markers.nodes import (
    FALSE,
    TRUE,
    Marker,
    Variable,
    align,
    assume,
    flag_node,
    string_node,
    version_node,
)
from interlock.core.markers.releases import Cut, is_minor

__all__ = [
    "LIMITS",
    "Flag",
    "Literal",
    "Range",
    "Term",
    "Values",
    "branches",
    "cover",
    "literal_marker",
    "term_marker",
    "union",
]


class Range(msgspec.Struct, frozen=True):
    """``low <= variable < high`` without some holes, each a feature release or a single version."""

    variable: Variable
    low: Cut | None
    high: Cut | None
    holes: tuple[tuple[Cut, Cut], ...] = ()


class Values(msgspec.Struct, frozen=True):
    """One of the values (``negated``: none of them)."""

    variable: Variable
    values: tuple[str, ...]
    negated: bool


class Flag(msgspec.Struct, frozen=True):
    variable: Variable
    truth: bool


Literal = Range | Values | Flag
Term = tuple[Literal, ...]
"""Literals that all hold, in the order of their variables; the empty term always holds."""

LIMITS = (32, 256, 1024)
"""Numbers of terms to try to get by with, in turn: the terms of a marker, or of its inverse, can be exponentially many
while those of the other are few."""

_SUMS: dict[tuple[Marker, Marker], tuple[Term, ...] | int] = {}
_COVERS: dict[tuple[Marker, Marker], tuple[Term, ...]] = {}
_MANY = 24
"""Of more terms, or more parts of one literal, none is tried to be left out: that takes the square of their number."""
_MANY_SHAPES = 64


def cover(lower: Marker, upper: Marker, limit: int = LIMITS[-1]) -> tuple[Term, ...] | None:
    """Terms whose union ``u`` has ``lower`` implies ``u`` implies ``upper``; deterministic, memoised.

    None when it takes more than ``limit`` terms.
    """
    found = _COVERS.get((lower, upper))
    if found is None:
        terms = _sum(lower, upper, limit)
        if terms is None:
            return None
        if 0 < len(terms) <= _MANY:
            terms = _irredundant(lower, [_widen(term, upper) for term in terms])
        found = _COVERS[lower, upper] = terms
    return found


def _sum(lower: Marker, upper: Marker, limit: int) -> tuple[Term, ...] | None:
    if lower is FALSE:
        return ()
    if upper is TRUE:
        return ((),)
    known = _SUMS.get((lower, upper))
    if known is None or (isinstance(known, int) and known < limit):
        found = _split(lower, upper, limit)
        known = _SUMS[lower, upper] = limit if found is None else tuple(found)
    return None if isinstance(known, int) else known


def _split(lower: Marker, upper: Marker, limit: int) -> list[Term] | None:
    tested = lower.variable if lower.variable.order <= upper.variable.order else upper.variable
    keys, pairs = align(tested, lower, upper)
    remaining = [pair[0] for pair in pairs]
    uppers = [pair[1] for pair in pairs]
    terms: list[Term] = []

    def under(node: Marker, block: int) -> Marker:
        return assume(node, tested.name, str(keys[block])) if tested.kind == "string" and block < len(keys) else node

    shapes = _blocks_of(uppers)
    if len(shapes) <= _MANY_SHAPES:
        reach = {shape: frozenset(i for i, u in enumerate(uppers) if under(shape, i).implies(u)) for shape in shapes}
    else:  # comparing each with each would be quadratic: the terms become longer, not wrong
        reach = {shape: frozenset(own).union(shapes.get(TRUE, ())) for shape, own in shapes.items()}
    # The most general shapes first: what they cover needs no longer term.
    for shape in sorted(shapes, key=lambda shape: -len(reach[shape])):
        needed = frozenset(i for i in reach[shape] if uppers[i] is shape and remaining[i] is not FALSE)
        for literal, blocks in _pieces(tested, keys, reach[shape], needed):
            wanted = FALSE
            for block in blocks & needed:
                wanted |= remaining[block]
            below = _sum(wanted, shape, limit)
            if below is None or len(terms) + len(below) > limit:
                return None
            covered = union(below)
            for block in blocks:
                remaining[block] &= ~under(covered, block)
            terms += [(literal, *term) if literal is not None else term for term in below]
    return terms


def _blocks_of(markers: Iterable[Marker]) -> dict[Marker, list[int]]:
    """Where each marker stands in a row of them."""
    found: dict[Marker, list[int]] = {}
    for position, marker in enumerate(markers):
        found.setdefault(marker, []).append(position)
    return found


def _pieces(
    tested: Variable, keys: tuple[Cut, ...] | tuple[str, ...], reach: frozenset[int], needed: frozenset[int]
) -> Iterator[tuple[Literal | None, frozenset[int]]]:
    """Literals inside ``reach`` that together hold all ``needed`` blocks, each with the blocks it holds."""
    blocks = len(keys) + 1 if tested.kind != "flag" else 2
    if not needed:
        return
    if len(reach) == blocks:
        yield None, reach
    elif tested.kind == "version":
        yield from _ranges(tested, keys, reach, needed)  # type: ignore[arg-type]
    elif tested.kind == "flag":
        yield Flag(tested, 1 in reach), reach
    else:
        other = len(keys)
        excluded = tuple(str(keys[i]) for i in range(other) if i not in reach)
        if other in needed or (other in reach and len(excluded) < len(needed)):
            yield Values(tested, excluded, True), reach
        else:
            for block in sorted(needed):
                yield Values(tested, (str(keys[block]),), False), frozenset({block})


def _ranges(
    tested: Variable, cuts: tuple[Cut, ...], reach: frozenset[int], needed: frozenset[int]
) -> Iterator[tuple[Range, frozenset[int]]]:
    runs: list[list[int]] = []
    for block in sorted(reach):
        if runs and runs[-1][-1] == block - 1:
            runs[-1].append(block)
        else:
            runs.append([block])
    current: list[int] = []
    holes: list[tuple[Cut, Cut]] = []
    for run in runs:
        if needed.isdisjoint(run):
            continue
        if current and (hole := _hole(cuts, current[-1], run[0])) is not None:
            holes.append(hole)
            current += run
            continue
        if current:
            yield _range(tested, cuts, current, holes), frozenset(current)
        current, holes = list(run), []
    yield _range(tested, cuts, current, holes), frozenset(current)


def _hole(cuts: tuple[Cut, ...], last: int, first: int) -> tuple[Cut, Cut] | None:
    """What separates two runs of blocks, when a single ``!=`` can say it."""
    low, high = cuts[last], cuts[first - 1]
    return (low, high) if is_minor(low, high) or (low[0] == high[0]) else None


def _range(tested: Variable, cuts: tuple[Cut, ...], blocks: list[int], holes: list[tuple[Cut, Cut]]) -> Range:
    low = cuts[blocks[0] - 1] if blocks[0] > 0 else None
    high = cuts[blocks[-1]] if blocks[-1] < len(cuts) else None
    return Range(tested, low, high, tuple(holes))


def branches(marker: Marker) -> Iterator[tuple[Literal, Marker]]:
    """The edges of a node as literals that exclude each other, each with the marker below."""
    tested, children = marker.variable, marker.children
    for child, positions in _blocks_of(children).items():
        blocks = frozenset(positions)
        for literal, _ in _pieces(tested, marker.keys, blocks, blocks):
            if literal is not None and child is not FALSE:
                yield literal, child


def literal_marker(literal: Literal, below: Marker = TRUE) -> Marker:
    """The marker ``literal and below``; ``below`` tests later variables only."""
    tested = literal.variable
    if isinstance(literal, Flag):
        return flag_node(tested, FALSE, below) if literal.truth else flag_node(tested, below, FALSE)
    if isinstance(literal, Values):
        values = tuple(sorted(literal.values))
        if literal.negated:
            return string_node(tested, values, [*([FALSE] * len(values)), below])
        return string_node(tested, values, [*(assume(below, tested.name, value) for value in values), FALSE])
    cuts: list[Cut] = []
    children: list[Marker] = [FALSE if literal.low is not None else below]
    if literal.low is not None:
        cuts.append(literal.low)
        children.append(below)
    for start, end in literal.holes:
        cuts += [start, end]
        children += [FALSE, below]
    if literal.high is not None:
        cuts.append(literal.high)
        children.append(FALSE)
    return version_node(tested, tuple(cuts), children)


def term_marker(term: Term) -> Marker:
    result = TRUE
    for literal in reversed(term):
        result = literal_marker(literal, result)
    return result


def union(terms: tuple[Term, ...]) -> Marker:
    return any_of(map(term_marker, terms))


def _widen(term: Term, upper: Marker) -> Term:
    """Drop from a term whatever it can do without inside ``upper``."""
    position = 0
    while position < len(term):
        for weaker in _weaker(term[position]):
            candidate = (*term[:position], *weaker, *term[position + 1 :])
            if term_marker(candidate).implies(upper):
                term = candidate
                break
        else:
            position += 1
    return term


def _weaker(literal: Literal) -> Iterator[Term]:
    """The ways to say a little less, the least first; nothing at all is the empty term."""
    yield ()
    if isinstance(literal, Range):
        tested, low, high, holes = literal.variable, literal.low, literal.high, literal.holes
        if low is not None and high is not None:
            yield (Range(tested, None, high, holes),)
            yield (Range(tested, low, None, holes),)
        for position in range(len(holes) if len(holes) <= _MANY else 0):
            yield (Range(tested, low, high, holes[:position] + holes[position + 1 :]),)
    elif isinstance(literal, Values) and literal.negated and 1 < len(literal.values) <= _MANY:
        for position in range(len(literal.values)):
            yield (Values(literal.variable, literal.values[:position] + literal.values[position + 1 :], True),)


def _irredundant(lower: Marker, terms: list[Term]) -> tuple[Term, ...]:
    terms = list(dict.fromkeys(terms))
    position = len(terms) - 1
    while position >= 0:
        others = tuple(terms[:position] + terms[position + 1 :])
        if lower.implies(union(others)):
            terms = list(others)
        position -= 1
    return tuple(terms)
