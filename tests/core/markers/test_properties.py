"""Laws of the marker algebra, with ``packaging.markers`` as the judge of meaning."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from interlock.core.markers.cover import cover
from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    Marker,
    evaluate,
    extras_in,
    format_marker,
    parse_marker,
    python_range,
    restrict_extra,
    restrict_key,
    simplify,
    without_extras,
)
from interlock.core.markers.environment import Environment, standard_environment
from interlock.core.markers.releases import version_key
from interlock.core.markers.writing import comparisons
from tests.core.markers.strategies import ENVIRONMENTS, environments, extras, marker_texts, reference, values_of

markers = marker_texts.map(parse_marker)


def holds(marker: Marker, environment: Environment, *active: str) -> bool:
    return evaluate(marker, values_of(environment), frozenset(active) - {""})


@given(marker_texts, environments, extras)
@example("'3.10.0rc1' < python_full_version", standard_environment("linux-x86_64", "3.10.0"), "")
@example("'3.10.0.post1' > python_full_version", standard_environment("linux-x86_64", "3.10.0"), "")
@example("'3.10rc1' < python_version", standard_environment("linux-x86_64", "3.10.2"), "")
def test_means_what_packaging_says(text: str, environment: Environment, extra: str) -> None:
    assert holds(parse_marker(text), environment, extra) == reference(text, environment, extra)


@given(markers, markers, environments, extras)
def test_operators_are_those_of_logic(a: Marker, b: Marker, environment: Environment, extra: str) -> None:
    left, right = holds(a, environment, extra), holds(b, environment, extra)
    assert holds(a & b, environment, extra) == (left and right)
    assert holds(a | b, environment, extra) == (left or right)
    assert holds(~a, environment, extra) is not left


@given(markers, markers, markers)
def test_equal_meaning_is_one_object(a: Marker, b: Marker, c: Marker) -> None:
    assert ~~a is a
    assert a & b is b & a
    assert ~(a & b) is ~a | ~b
    assert a & (b | c) is (a & b) | (a & c)
    assert a | (b & c) is (a | b) & (a | c)
    assert a & (a | b) is a
    assert (a & ~a) is FALSE
    assert (a | ~a) is TRUE


@given(markers, markers)
def test_never_claims_disjoint_or_implied_wrongly(a: Marker, b: Marker) -> None:
    disjoint, implied = a.is_disjoint(b), a.implies(b)
    for environment in ENVIRONMENTS:
        for extra in ("", "a", "b"):
            left, right = holds(a, environment, extra), holds(b, environment, extra)
            assert not (disjoint and left and right)
            assert not (implied and left and not right)
    assert implied == a.is_disjoint(~b)


@given(markers, environments, extras)
def test_text_reads_back_as_the_same_marker(marker: Marker, environment: Environment, extra: str) -> None:
    text = format_marker(marker)
    assert parse_marker(text) is marker
    assert reference(text, environment, extra) == holds(marker, environment, extra)


@given(marker_texts, marker_texts)
def test_text_does_not_depend_on_how_the_marker_was_made(a: str, b: str) -> None:
    assert format_marker(parse_marker(f"({a}) or ({b})")) == format_marker(parse_marker(f"({b}) or ({a})"))


@given(markers, markers)
def test_simplified_is_equal_inside_and_not_longer(marker: Marker, assuming: Marker) -> None:
    short = simplify(marker, assuming)
    assert short & assuming is marker & assuming
    if short is TRUE:
        assert assuming.implies(marker)
    assert simplify(marker, TRUE) is marker


@given(markers)
def test_a_cover_stays_between_its_bounds(marker: Marker) -> None:
    assert comparisons(cover(marker, marker) or ()) >= (marker not in {TRUE, FALSE})
    assert cover(FALSE, marker) == ()


@given(markers, environments, st.frozensets(st.sampled_from("abc")))
@example(parse_marker("extra == ''"), ENVIRONMENTS[0], frozenset())
def test_settled_extras_leave_no_test_of_an_extra(
    marker: Marker, environment: Environment, active: frozenset[str]
) -> None:
    settled = restrict_extra(marker, active)
    assert not extras_in(settled)
    assert holds(settled, environment) == holds(marker, environment, *active)
    one_by_one = marker
    for key in sorted({"", *extras_in(marker)}):
        # Without any extra there is one all the same, the empty text.
        one_by_one = restrict_key(one_by_one, key, key in active if key else not active)
    assert one_by_one is settled
    assert settled.implies(without_extras(marker))
    assert not extras_in(without_extras(marker))


@given(markers, environments, extras)
def test_the_python_range_holds_every_version_the_marker_does(
    marker: Marker, environment: Environment, extra: str
) -> None:
    assume(holds(marker, environment, extra))
    version = version_key(environment.python_full_version)
    assert version is not None
    inside = False
    for interval in python_range(marker):
        low = version_key(interval.lower) if interval.lower is not None else None
        high = version_key(interval.upper) if interval.upper is not None else None
        above = low is None or version > low or (interval.lower_inclusive and version == low)
        below = high is None or version < high or (interval.upper_inclusive and version == high)
        inside |= above and below
    assert inside
