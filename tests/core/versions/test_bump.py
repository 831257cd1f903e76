"""Raising versions by the two sets of rules people know."""

from __future__ import annotations

import pytest

from interlock.core.versions.bump import BadBump, bump, by_rule, checked_version

UV = """
1.2.3        major          2.0.0
1.2.3        minor          1.3.0
1.2.3        patch          1.2.4
1.2.3        post           1.2.3.post1
1.2.3        patch beta     1.2.4b1
1.2.3        beta patch     1.2.4b1
1.2.3        minor alpha    1.3.0a1
1.2.3        patch dev      1.2.4.dev1
1.2.3        patch alpha=3  1.2.4a3
1.2.3a1      minor          1.3.0
1.2.3a1      patch          1.2.4
1.2.3a1      stable         1.2.3
1.2.3a1      alpha          1.2.3a2
1.2.3a1      rc             1.2.3rc1
1.2.3a1      post           1.2.3a1.post1
1.2.3.post1  post           1.2.3.post2
1.2.3.dev4   patch          1.2.4
1.2.3.dev4   stable         1.2.3
1.2.3.dev4   alpha          1.2.3a1
1.2.3.dev4   dev            1.2.3.dev5
1.2.3.dev4   post           1.2.3.post1
1.2.3a1.dev2 dev            1.2.3a1.dev3
1.2.3a1.dev2 alpha          1.2.3a2
1            major          2
1            minor          1.1
1            patch          1.0.1
1.2          major          2.0
1.2.3.4      minor          1.3.0.0
1.2.3.4      patch          1.2.4.0
0.0.1+local  patch          0.0.2+local
1!2.0        patch beta     1!2.0.1b1
"""
"""What uv 0.13.9 says."""

POETRY = """
1.3.0   major       2.0.0
2.1.4   minor       2.2.0
4.1.1   patch       4.1.2
1.0.2   premajor    2.0.0a0
1.0.2   preminor    1.1.0a0
1.0.2   prepatch    1.0.3a0
1.0.2   prerelease  1.0.3a0
1.0.3a0 prerelease  1.0.3a1
1.0.3b0 prerelease  1.0.3b1
1.0.3a1 patch       1.0.3
1.1.0b2 minor       1.1.0
2.0.0rc1 major      2.0.0
1.0.3a1 minor       1.1.0
1.2     patch       1.2.1
"""
"""The table of its documentation, and its way with pre-releases."""


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


@pytest.mark.parametrize("row", rows(UV), ids=" ".join)
def test_bumps_are_those_of_uv(row: list[str]) -> None:
    assert bump(row[0], row[1:-1]) == row[-1]


@pytest.mark.parametrize("row", rows(POETRY), ids=" ".join)
def test_rules_are_those_of_poetry(row: list[str]) -> None:
    assert by_rule(row[0], row[1]) == row[2]


@pytest.mark.parametrize(("old", "new"), [("1.0.3a0", "1.0.3b0"), ("1.0.3b0", "1.0.3rc0"), ("1.0.3rc0", "1.0.3")])
def test_the_next_phase_follows(old: str, new: str) -> None:
    assert by_rule(old, "prerelease", next_phase=True) == new


@pytest.mark.parametrize(
    ("version", "bumps", "words"),
    [
        ("1.2.3", "alpha", "--bump patch --bump alpha"),
        ("1.2.3", "stable", "does not increase"),
        ("1.2.3rc1", "beta", "does not increase"),
        ("1.2.3", "rc dev", "Only one of alpha"),
        ("1.2.3", "major minor", "Only one of major"),
        ("1.2.3", "stable patch", "cannot be used"),
        ("1.2.3", "patch post", "cannot be used"),
        ("1.2.3", "huge", "unknown"),
        ("1.2.3", "alpha=x", "no number"),
    ],
)
def test_what_makes_no_sense_is_an_error(version: str, bumps: str, words: str) -> None:
    with pytest.raises(BadBump) as caught:
        bump(version, bumps.split())
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_versions_are_normalised() -> None:
    assert checked_version("v1.0-beta.2") == "1.0b2"
    with pytest.raises(BadBump):
        checked_version("mayor")
