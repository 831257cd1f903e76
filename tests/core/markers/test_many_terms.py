"""Markers of thousands of comparisons, as generators and malice write them, cost what reading them costs."""

from __future__ import annotations

import pytest

from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    InvalidMarker,
    evaluate,
    format_marker,
    parse_marker,
    requires_python_marker,
    simplify,
)
from interlock.core.markers.folding import all_of, any_of
from tests.core.lock.locks import LINUX

MANY = 2000


def alternating(count: int) -> str:
    text = "python_version >= '3.8'"
    for number in range(count):
        text = f"({text} {'or' if number % 2 else 'and'} python_full_version != '3.11.{number}')"
    return text


PLATFORMS = [f"sys_platform == 'p{number}'" for number in range(MANY)]
MACHINES = [f"platform_machine == 'm{number}'" for number in range(MANY)]
MINORS = [f"python_version == '3.{number}'" for number in range(MANY)]
RELEASES = [f"python_full_version == '3.{11 + number % 3}.{number}'" for number in range(MANY)]
MIXED = [(PLATFORMS, MACHINES, MINORS, RELEASES)[number % 4][number] for number in range(MANY)]
PAIRS = [f"({one} and {other})" for one, other in zip(RELEASES[: MANY // 2], MACHINES, strict=False)]
SHAPES = {
    "platforms": " or ".join(PLATFORMS),
    "machines": " or ".join(MACHINES),
    "minors": " or ".join(MINORS),
    "releases": " or ".join(RELEASES),
    "none of the releases": " and ".join(RELEASES).replace("==", "!="),
    "mixed": " or ".join(MIXED),
    "none of the mixed": " and ".join(MIXED).replace("==", "!="),
    "pairs": " or ".join(PAIRS),
    "nested": alternating(MANY),
    "parentheses": f"{'(' * MANY}sys_platform == 'linux'{')' * MANY}",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_a_long_marker_is_read_written_and_simplified(text: str) -> None:
    marker = parse_marker(text)
    assert parse_marker(format_marker(marker)) is marker
    inverse = ~marker
    assert parse_marker(format_marker(inverse)) is inverse
    assuming = requires_python_marker(">=3.10")
    assert simplify(marker, assuming) & assuming is marker & assuming
    assert evaluate(marker, LINUX) is not evaluate(inverse, LINUX)


def test_folding_in_pairs_means_what_folding_in_a_row_means() -> None:
    markers = [parse_marker(text) for text in (*MIXED[:50], *PAIRS[:50])]
    for count in range(len(markers)):
        every, some = TRUE, FALSE
        for marker in markers[:count]:
            every, some = every & ~marker, some | marker
        assert any_of(markers[:count]) is some
        assert all_of(~marker for marker in markers[:count]) is every


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"extra == 'e{number}'" for number in range(MANY)),
        f"extra in '{' '.join(f'e{number}' for number in range(MANY))}'",
        " or ".join(f"'w{number}' in platform_version" for number in range(MANY)),
        " or ".join(f"platform_release == 'x-{number}'" for number in range(MANY)),
    ],
)
def test_what_no_diagram_can_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidMarker, match="more than 200 different") as caught:
        parse_marker(text)
    assert len(caught.value.message) < 1000


def test_a_hundred_extras_are_no_trouble() -> None:
    text = " or ".join(f"extra == 'e{number}'" for number in range(100))
    assert parse_marker(format_marker(parse_marker(text))) is parse_marker(text)


def test_an_error_in_a_long_marker_shows_what_is_around_it() -> None:
    text = f"{SHAPES['platforms']} or nonsense == 'x' or {SHAPES['machines']}"
    with pytest.raises(InvalidMarker) as caught:
        parse_marker(text)
    *_, shown, caret = caught.value.message.splitlines()
    assert shown[caret.index("^") :].startswith("nonsense == 'x'")
    assert len(shown) < 400
