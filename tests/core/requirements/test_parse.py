"""Requirements as packaging reads them, whichever way they are read here."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement as Refused
from packaging.requirements import Requirement as Oracle

from interlock.core.names import normalize_extra, normalize_name
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement, format_requirement

_NAMES = st.sampled_from(["a", "Foo.Bar", "x_y-z", "numpy", "A1", "-bad", "bad-", "a b"])
_EXTRAS = st.sampled_from(["", "[x]", "[X_y,b]", "[ a , b ]", "[]", "[,]", "[-x]", "[a", " [z] "])
_CLAUSES = st.one_of(
    st.sampled_from(
        [">=1", "<2.0", "== 1.*", "!=1.5.*", "~=1.4", "~=1", ">=1.0a1", "<1.0.post1", ">1.dev0", "==1.0+cpu"]
    ),
    st.sampled_from(["===1.0-x", ">=1.*", "=>1", ">=", "1.0", ">=1!2.0", ">=v1", "<=2.0rc1", ">= 1.0 ", "==1.0.0"]),
)
_MARKERS = st.one_of(
    st.sampled_from(["", "; extra == 'x'", " ;python_version<'3.9'", "; nonsense", ";", "; extra == 'X_y' "]),
    st.just("; os_name == 'nt' and (extra=='a' or sys_platform != \"win32\")"),
    st.just("; python_version in '3.9 3.10'"),
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    clauses = ",".join(draw(st.lists(_CLAUSES, max_size=3)))
    if draw(st.integers(0, 3)) == 0:
        clauses = f"({clauses})" if draw(st.integers(0, 5)) else f"({clauses}"
    space = draw(st.sampled_from(["", " "]))
    return f"{draw(_NAMES)}{draw(_EXTRAS)}{space}{clauses}{draw(_MARKERS)}"


@given(_texts())
def test_every_text_means_what_packaging_says(text: str) -> None:
    try:
        oracle = Oracle(text)
    except Refused:
        with pytest.raises(InvalidRequirement, match="is not a valid requirement"):
            parse_requirement(text)
        return
    assert parse_requirement(text) == Requirement(
        name=normalize_name(oracle.name),
        specifier=",".join(sorted({str(clause) for clause in oracle.specifier})),
        marker=str(oracle.marker) if oracle.marker is not None else "",
        extras=tuple(sorted({normalize_extra(extra) for extra in oracle.extras})),
    )


@given(_texts())
def test_written_down_it_is_read_as_the_same(text: str) -> None:
    try:
        found = parse_requirement(text)
    except InvalidRequirement:
        return
    assert parse_requirement(format_requirement(found)) == found


@pytest.mark.parametrize("text", ["bar" + " " * 150 + "@", "bar" + " " * 100_000 + ")", "bar;" + " " * 100_000 + "\0"])
def test_blanks_without_end_are_no_requirement_and_take_no_time(text: str) -> None:
    start = process_time()
    with pytest.raises(InvalidRequirement):
        parse_requirement(text)
    assert process_time() - start < 1


def test_a_marker_nested_too_deeply_is_no_requirement() -> None:
    with pytest.raises(InvalidRequirement, match="nested"):
        parse_requirement("a; " + "(" * 50_000 + "os_name == 'nt'" + ")" * 50_000)


@pytest.mark.parametrize(
    "text", ["a\n>=1", "a>=1\n; os_name == 'nt'", "a; os_name\n== 'nt'", "a\rb", "a @ http://h/a\nb"]
)
def test_a_requirement_is_one_line(text: str) -> None:
    with pytest.raises(InvalidRequirement):
        parse_requirement(text)
