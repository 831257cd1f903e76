"""Sets of versions as integers, judged by ``packaging`` (PEP 440)."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from packaging.ranges import VersionRange
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from interlock.core.versions.version_list import VersionList, is_exact, mentions_prerelease, parse_version, release_key

_NUMBERS = st.sampled_from([0, 0, 1, 1, 2, 3, 10])


@st.composite
def version_texts(draw: st.DrawFn, *, local: bool = True) -> str:
    release = ".".join(str(draw(_NUMBERS)) for _ in range(draw(st.integers(1, 3))))
    text = draw(st.sampled_from(["", "", "", "", "1!"])) + release
    text += draw(st.sampled_from(["", "", "", "a1", "b0", "rc1", "rc2"]))
    text += draw(st.sampled_from(["", "", "", ".post0", ".post1"]))
    text += draw(st.sampled_from(["", "", "", ".dev0", ".dev3"]))
    if local:
        text += draw(st.sampled_from(["", "", "", "", "+cpu", "+cu118.1", "+1", "+10"]))
    return text


@st.composite
def clauses(draw: st.DrawFn) -> str:
    operator = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "==*", "!=*", "==="]))
    if operator.endswith("*"):
        release = ".".join(str(draw(_NUMBERS)) for _ in range(draw(st.integers(1, 3))))
        return f"{operator[:-1]}{draw(st.sampled_from(['', '', '1!']))}{release}.*"
    text = draw(version_texts(local=operator in {"==", "!=", "==="}))
    if operator == "~=":
        assume(len(Version(text).release) > 1)
    return operator + text


specifiers = st.lists(clauses(), min_size=1, max_size=3).map(",".join)


def _listed(texts: list[str]) -> tuple[str, ...]:
    """As a listing holds them: ascending, normalised, no two equal."""
    return tuple(str(version) for version in sorted({Version(text) for text in texts}))


def _members(texts: tuple[str, ...], mask: int) -> list[str]:
    return [text for position, text in enumerate(texts) if mask >> position & 1]


@given(st.lists(version_texts(), max_size=25), specifiers)
def test_a_mask_holds_what_the_specifier_contains(texts: list[str], specifier: str) -> None:
    versions = _listed(texts)
    reference = SpecifierSet(specifier)
    expected = [text for text in versions if reference.contains(text, prereleases=True)]
    assert _members(versions, VersionList(versions).mask(specifier)) == expected


@given(st.lists(version_texts(), max_size=25), clauses(), clauses())
def test_masks_combine_as_ranges_do(texts: list[str], left: str, right: str) -> None:
    assume("===" not in left + right)
    versions = _listed(texts)
    known = VersionList(versions)
    one, other = SpecifierSet(left).to_range(), SpecifierSet(right).to_range()
    a, b = known.mask(left), known.mask(right)

    def inside(found: VersionRange) -> list[str]:
        return [text for text in versions if Version(text) in found]

    assert _members(versions, a & b) == inside(one & other)
    assert _members(versions, a | b) == inside(one | other)
    assert _members(versions, known.full & ~a) == inside(~one)
    if (one & other).is_empty:
        assert not a & b


@given(st.lists(version_texts(), min_size=1, max_size=25), st.data())
def test_a_version_is_found_by_any_of_its_spellings(texts: list[str], data: st.DataObject) -> None:
    versions = _listed(texts)
    known = VersionList(versions)
    wanted = data.draw(st.sampled_from(texts))
    position = known.position(wanted)
    assert position is not None
    assert Version(versions[position]) == Version(wanted)
    assert known.version(position) == Version(wanted)
    other = data.draw(version_texts())
    assert (known.position(other) is None) == (Version(other) not in map(Version, versions))


def test_no_specifier_admits_everything() -> None:
    assert VersionList(("1.0a1", "1.0")).mask("") == 0b11
    assert VersionList(()).mask(">=1") == 0
    assert len(VersionList(("1.0", "2.0"))) == 2
    assert repr(VersionList(("1.0", "2.0"))) == "<VersionList of 2>"


@pytest.mark.parametrize(
    ("specifier", "admitted"),
    [
        ("<2.0", ["1.0", "1.0+local", "1.0.post1"]),
        (">1.0", ["2.0a1", "2.0rc1", "2.0", "2.0.post1"]),
        (">1.dev0", ["1.0", "1.0+local", "1.0.post1", "2.0a1", "2.0rc1", "2.0", "2.0.post1"]),
        (">2.0a1", ["2.0rc1", "2.0", "2.0.post1"]),
        (">1.0.post0", ["1.0.post1", "2.0a1", "2.0rc1", "2.0", "2.0.post1"]),
        ("<2.0.post1", ["1.0", "1.0+local", "1.0.post1", "2.0a1", "2.0rc1", "2.0"]),
        ("<2.0rc1", ["1.0", "1.0+local", "1.0.post1", "2.0a1"]),
        ("==1.0", ["1.0", "1.0+local"]),
        ("==1.0+local", ["1.0+local"]),
        ("<=1.0", ["1.0", "1.0+local"]),
        ("!=1.0", ["1.0.post1", "2.0a1", "2.0rc1", "2.0", "2.0.post1"]),
        ("==1.*", ["1.0", "1.0+local", "1.0.post1"]),
        ("===2.0RC1", ["2.0rc1"]),
        ("~=1.0", ["1.0", "1.0+local", "1.0.post1"]),
    ],
)
def test_boundaries(specifier: str, admitted: list[str]) -> None:
    versions = ("1.0", "1.0+local", "1.0.post1", "2.0a1", "2.0rc1", "2.0", "2.0.post1")
    assert _members(versions, VersionList(versions).mask(specifier)) == admitted


def test_what_is_not_a_specifier_is_refused() -> None:
    with pytest.raises(InvalidSpecifier):
        VersionList(("1.0",)).mask("~=1")
    with pytest.raises(InvalidVersion):
        parse_version("one")


@pytest.mark.parametrize(
    ("specifier", "exact"),
    [("==1.0", True), ("===1.0", True), ("==1.*", False), (">=1,==1.4", True), (">=1", False), ("", False)],
)
def test_exact(specifier: str, exact: bool) -> None:
    assert is_exact(specifier) is exact


@pytest.mark.parametrize(
    ("specifier", "mentions"),
    [
        (">=1.0a1", True),
        ("<2.0.dev0", True),
        ("!=1.0a1", False),
        (">=1.0", False),
        ("===weird", False),
        ("==1.*", False),
    ],
)
def test_prereleases_are_mentioned(specifier: str, mentions: bool) -> None:
    assert mentions_prerelease(specifier) is mentions


def test_texts_that_are_no_versions_sort_first() -> None:
    assert sorted(["2.0", "", "10.0", "odd"], key=release_key) == ["", "odd", "2.0", "10.0"]
