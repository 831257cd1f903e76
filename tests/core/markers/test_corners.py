"""Corners of the marker algebra that random markers seldom come by."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from packaging.markers import Marker as Judge

from interlock.core.markers.cover import branches, literal_marker
from interlock.core.markers.diagram import (
    TRUE,
    InvalidMarker,
    all_of,
    any_of,
    evaluate,
    format_marker,
    parse_marker,
    restrict_key,
)
from interlock.core.markers.environment import standard_environment
from interlock.core.markers.nodes import assume

ENVIRONMENTS = [
    standard_environment("linux-x86_64", "3.12").as_dict(),
    standard_environment("windows-amd64", "3.11").as_dict(),
]


@pytest.mark.parametrize(
    "text",
    ["implementation_version in '3.12.0 3.11.0'", "implementation_version not in 'oops 1'",
     "implementation_version < 'oops'", "implementation_version == 'oops'", "implementation_version != 'oops'",
     "python_full_version == 'oops'", "python_full_version != 'oops'", "'oops' != python_full_version",
     "platform_machine in 'x86_64 arm64'", "platform_machine not in 'arm64'"],
)  # fmt: skip
def test_odd_comparisons_mean_what_packaging_says(text: str) -> None:
    for values in ENVIRONMENTS:
        assert evaluate(parse_marker(text), values) == Judge(text).evaluate(values), values
    assert parse_marker(format_marker(parse_marker(text))) is parse_marker(text)


def test_what_is_too_entangled_for_terms_follows_the_diagram() -> None:
    """An odd number of many independent facts has neither a short disjunction nor a short conjunction."""
    facts = [parse_marker(f"platform_machine == 'm{number}'") for number in range(2)]
    facts += [parse_marker(f"extra == 'e{number}'") for number in range(11)]
    odd = ~TRUE
    for fact in facts:
        odd = (odd & ~fact) | (~odd & fact)
    text = format_marker(odd)
    assert parse_marker(text) is odd
    for active in product((False, True), repeat=11):
        names = frozenset(f"e{number}" for number, on in enumerate(active) if on)
        assert evaluate(odd, {"platform_machine": "m0"}, names) == (sum(active) % 2 == 0)


def test_exactly_one_of_many_is_written_and_read() -> None:
    facts = [parse_marker(f"extra == 'e{number}'") for number in range(7)]
    pairs = [~(one & other) for one, other in combinations(facts, 2)]
    one = any_of(facts) & all_of(pairs)
    assert parse_marker(format_marker(one)) is one


def test_an_interpreter_without_a_full_version_counts_by_its_minor() -> None:
    marker = parse_marker("python_full_version >= '3.12'")
    assert evaluate(marker, {"python_version": "3.12"})
    assert not evaluate(marker, {"python_version": "3.11"})
    assert not evaluate(marker, {})


def test_markers_show_what_they_test() -> None:
    marker = parse_marker("os_name == 'nt'")
    assert [repr(TRUE), repr(~TRUE)] == ["<Marker TRUE>", "<Marker FALSE>"]
    assert "sys_platform" in repr(marker)


def test_a_settled_extra_settles_that_none_is_asked_for() -> None:
    marker = parse_marker("extra == 'x' or extra == ''")
    assert restrict_key(marker, "x", True) is TRUE


def test_extras_have_no_order_and_are_looked_up_word_by_word() -> None:
    for active in (frozenset[str](), frozenset({"x"}), frozenset({"z"})):
        assert not evaluate(parse_marker("extra < 'x'"), {}, active)
        assert evaluate(parse_marker("extra in 'x y'"), {}, active) == (active == {"x"})


def test_an_extra_is_no_version() -> None:
    with pytest.raises(InvalidMarker, match="`extra` is not one"):
        parse_marker("extra ~= '1.0'")


def test_a_text_that_may_hold_too_many_extras_is_refused() -> None:
    with pytest.raises(InvalidMarker):
        parse_marker(f"extra in '{' '.join(f'e{number}' for number in range(300))}'")


def test_an_extra_that_holds_a_text_is_found_among_those_named() -> None:
    marker = parse_marker("'x' in extra and extra != 'xy'")
    assert evaluate(marker, {}, frozenset({"x"}))
    assert not evaluate(marker, {}, frozenset({"xy"}))
    assert not evaluate(marker, {}, frozenset({"z"}))


def test_what_a_value_decides_below_other_variables_is_decided() -> None:
    marker = parse_marker("os_name == 'posix' and sys_platform == 'linux' and platform_system == 'Linux'")
    other = parse_marker("platform_machine == 'x86_64' and platform_system == 'Linux'")
    for name, value in (
        ("platform_system", "Linux"),
        ("sys_platform", "linux"),
        ("os_name", "posix"),
        ("platform_machine", "x86_64"),
    ):
        for one in (marker, other, marker | other):
            left = assume(one, name, value)
            for values in ENVIRONMENTS:
                if values[name] == value:
                    assert evaluate(left, values) == evaluate(one, values)


def test_the_branches_of_a_node_leave_out_what_leads_nowhere() -> None:
    node = parse_marker("python_version < '3.9' or python_version >= '3.12' and sys_platform == 'linux'")
    found = list(branches(node))
    assert len(found) == 2
    assert any_of(literal_marker(literal, below) for literal, below in found) is node
    both = parse_marker("sys_platform == 'linux' or sys_platform == 'win32'")
    assert any_of(literal_marker(literal, below) for literal, below in branches(both)) is both
