"""Poetry's constraints in the standards' words: alternatives lose no version that one of them admits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from interlock.core.markers.diagram import parse_marker
from interlock.core.versions.poetry_constraint import InvalidConstraint, platform_marker, python_marker, specifier_of

_VERSIONS = [f"{major}.{minor}{patch}" for major in range(5) for minor in range(12) for patch in ("", ".3")]
_BOUNDS = st.sampled_from(["0.3", "1.0", "1.5", "1.7", "2", "2.0.1", "3.2", "4"])
_ALTERNATIVES = st.one_of(
    st.builds(
        lambda operator, bound: f"{operator}{bound}", st.sampled_from(["^", "~", "==", ">=", "<", "<=", ">"]), _BOUNDS
    ),
    st.builds(lambda low, high: f">={low},<{high}", _BOUNDS, _BOUNDS),
    st.sampled_from(["1.*", "2.3.*", "~=1.4", "~=1.4.2"]),
)


@given(st.lists(_ALTERNATIVES, min_size=1, max_size=3))
def test_no_version_of_an_alternative_is_lost(alternatives: list[str]) -> None:
    whole = SpecifierSet(specifier_of(" || ".join(alternatives)))
    for alternative in alternatives:
        one = SpecifierSet(specifier_of(alternative))
        for version in _VERSIONS:
            assert not one.contains(version) or whole.contains(version), (version, alternative, str(whole))


@pytest.mark.parametrize(
    ("constraint", "inside", "outside"),
    [
        # From Poetry's documentation of caret and tilde requirements.
        ("^1.2.3", ["1.2.3", "1.9"], ["1.2.2", "2.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4", "0.1"]),
        ("^0.0", ["0.0.9"], ["0.1"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3"]),
        ("~1", ["1.0", "1.9"], ["2.0"]),
        ("1.x", ["1.0", "1.9"], ["2.0"]),
        ("<>1.5", ["1.4", "1.6"], ["1.5"]),
        ("<=1.5 || ==1.7", ["1.0", "1.5", "1.7"], ["2.0"]),
        ("==1.7 | <=1.5", ["1.5"], ["1.8"]),
        ("~=1.4 || ==3.0", ["1.4", "1.9", "3.0"], ["1.3", "3.1"]),
        ("1!2.0 || 1!3.0", ["1!2.0", "1!3.0"], ["1!1.0"]),
    ],
)
def test_what_is_in_and_what_is_not(constraint: str, inside: list[str], outside: list[str]) -> None:
    specifier = SpecifierSet(specifier_of(constraint))
    assert [version for version in inside if not specifier.contains(version)] == []
    assert [version for version in outside if specifier.contains(version)] == []


@pytest.mark.parametrize("constraint", ["^", "^one", ">=1 and <2", "1.2 foo", "~1.*", "!=1.0 || ==2.0", "==one"])
def test_what_cannot_be_said_is_refused(constraint: str) -> None:
    with pytest.raises(InvalidConstraint):
        specifier_of(constraint)


@pytest.mark.parametrize(
    ("constraint", "pythons", "others"),
    [
        ("^3.8", ["3.8.0", "3.13.1"], ["3.7.9"]),
        ("~2.7 || ^3.9", ["2.7.18", "3.9.0"], ["3.8.1"]),
        ("3.8.*", ["3.8.0", "3.8.9"], ["3.9.0"]),
        ("3.*", ["3.0.0", "3.9.0"], ["2.7.0"]),
        ("3.8.1.*", ["3.8.1"], ["3.8.2"]),
        ("!=3.9.*", ["3.8.1", "3.10.0"], ["3.9.1"]),
        ("* || ^3.8", ["2.7.0", "3.8.0"], []),
    ],
)
def test_python_as_a_marker(constraint: str, pythons: list[str], others: list[str]) -> None:
    marker = parse_marker(python_marker(constraint)) if python_marker(constraint) else None
    for version in (*pythons, *others):
        here = parse_marker(f"python_full_version == '{version}'")
        assert (marker is None or not marker.is_disjoint(here)) == (version in pythons), version


def test_platforms() -> None:
    assert platform_marker("linux || darwin") == "sys_platform == 'linux' or sys_platform == 'darwin'"
    assert platform_marker("!=win32,!=cygwin") == "sys_platform != 'win32' and sys_platform != 'cygwin'"
    assert platform_marker("") == ""


@given(st.from_regex(r"[\^~<>=!]{0,2}=? ?[0-9]{1,2}(\.[0-9*x]{1,2}){0,3}(a1|\.dev0|\+cu|\.post1)?", fullmatch=True))
def test_what_is_understood_is_a_specifier(constraint: str) -> None:
    try:
        found = specifier_of(constraint)
    except InvalidConstraint:
        return
    SpecifierSet(found)


@pytest.mark.parametrize("constraint", ["1 oops", "oops", "1.0 , oops", "^oops"])
def test_words_between_clauses_are_refused(constraint: str) -> None:
    with pytest.raises(InvalidConstraint):
        specifier_of(constraint)


def test_a_star_alone_is_no_bound() -> None:
    assert specifier_of(">=1,*") == ">=1"
