"""Which versions an advisory means."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from interlock.core.advisories.affected import fixes_of, incomparable, is_meant
from interlock.core.names import NormalizedName
from tests.core.advisories.records import advisory

FLASK = NormalizedName("flask")
VERSIONS = ["0.9", "1.0a1", "1.0", "1.0.post1", "1.1.dev3", "1.1", "1.10", "2!0.1"]


@pytest.mark.parametrize(
    ("events", "versions", "meant"),
    [
        (["introduced 0", "fixed 1.1"], [], ["0.9", "1.0a1", "1.0", "1.0.post1", "1.1.dev3"]),
        (["fixed 1.1", "introduced 1.0"], [], ["1.0", "1.0.post1", "1.1.dev3"]),
        (["introduced 1.0", "last_affected 1.0"], [], ["1.0"]),
        (["introduced 0", "last_affected 1.0"], [], ["0.9", "1.0a1", "1.0"]),
        (["introduced 1.1"], [], ["1.1", "1.10", "2!0.1"]),
        (["introduced 0"], [], VERSIONS),
        (["introduced 0", "limit 1.0"], [], ["0.9", "1.0a1"]),
        (["introduced 0", "limit *"], [], VERSIONS),
        (["introduced 0", "fixed 1.0a1", "introduced 1.1", "fixed 1.10"], [], ["0.9", "1.1"]),
        ([], ["1.0.0", "1.10"], ["1.0", "1.10"]),
        (["introduced 1.10", "fixed 2!0"], ["0.9"], ["0.9", "1.10"]),
        (["introduced 1.1", "fixed 1.1"], [], []),
    ],
)
def test_ranges_and_lists_are_read_as_the_schema_says(events: list[str], versions: list[str], meant: list[str]) -> None:
    found = advisory("X-1", "flask", *events, versions=versions)
    assert [version for version in VERSIONS if is_meant(found, FLASK, version)] == meant
    assert not any(is_meant(found, NormalizedName("jinja"), version) for version in VERSIONS)


def test_a_local_build_is_judged_as_what_it_was_built_from() -> None:
    listed = advisory("X-1", "flask", versions=["1.0"])
    assert is_meant(listed, FLASK, "1.0+cu121")
    last = advisory("X-2", "flask", "introduced 0", "last_affected 1.0")
    assert is_meant(last, FLASK, "1.0+cu121")
    fixed = advisory("X-3", "flask", "introduced 0", "fixed 1.0")
    assert not is_meant(fixed, FLASK, "1.0+cu121")
    assert fixes_of([last, fixed], FLASK, "0.9+here") == ()


def test_commits_are_no_versions() -> None:
    assert not is_meant(advisory("X-1", "flask", "introduced 0", type="GIT"), FLASK, "1.0")


def test_a_range_that_cannot_be_compared_says_nothing_and_is_told() -> None:
    found = advisory("X-1", "flask", "introduced 0", "fixed r2061", versions=["1.0"])
    assert [version for version in VERSIONS if is_meant(found, FLASK, version)] == ["1.0"]
    assert incomparable(found, FLASK) == ("r2061",)


def test_a_fix_is_one_that_no_record_of_the_flaw_means() -> None:
    first = advisory("X-1", "flask", "introduced 0", "fixed 1.0", "introduced 1.1", "fixed 1.10")
    wider = advisory("X-2", "flask", "introduced 0", "fixed 1.0.post1")
    assert fixes_of([first], FLASK, "0.9") == ("1.0", "1.10")
    assert fixes_of([first, wider], FLASK, "0.9") == ("1.0.post1", "1.10")
    assert fixes_of([first], FLASK, "1.1") == ("1.10",)


@given(
    st.lists(st.sampled_from(VERSIONS), unique=True, min_size=1, max_size=6),
    st.randoms(use_true_random=False),
    st.sampled_from(VERSIONS),
)
def test_alternating_events_are_intervals_in_whatever_order_they_stand(
    edges: list[str], random: object, version: str
) -> None:
    ordered = sorted(edges, key=Version)
    events = [f"{what} {edge}" for what, edge in zip(itertools.cycle(["introduced", "fixed"]), ordered, strict=False)]
    below = sum(Version(edge) <= Version(version) for edge in ordered)
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert is_meant(advisory("X-1", "flask", *shuffled), FLASK, version) == (below % 2 == 1)


def test_a_version_that_cannot_be_compared_is_meant_only_where_it_is_listed() -> None:
    listed = advisory("X-1", "flask", "introduced 0", versions=["from-a-fork"])
    assert is_meant(listed, FLASK, "from-a-fork")
    assert not is_meant(listed, FLASK, "another-fork")
