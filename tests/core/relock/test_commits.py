"""Which commits stay where some are upgraded."""

from __future__ import annotations

import pytest

from interlock.core.names import NormalizedName
from interlock.core.relock.commits import kept_commits
from interlock.core.sources.source import Git
from tests.core.lock.locks import lock_of, member, package


def git(url: str, reference: str = "branch:main", *also: str, subdirectory: str = "") -> Git:
    return Git(url=url, reference=reference, also=also, commit="a" * 40, subdirectory=subdirectory)


ONE = "https://h.test/one"
LOCK = lock_of(
    member("app", "core"),
    package("core", "1", "helper", "plain", "pinned", extras={"x": ["apart"]}, source=git(ONE)),
    package("helper", "1", "core", source=git(ONE, "branch:other", "branch:main", subdirectory="helper")),
    package("pinned", "1", source=git(ONE, "tag:v1", subdirectory="pinned")),
    package("apart", "1", source=git("https://h.test/two")),
    package("plain", "1"),
)


@pytest.mark.parametrize(
    ("upgrade", "kept"),
    [
        ([], {"core", "helper", "pinned", "apart"}),
        (["plain", "unknown"], {"core", "helper", "pinned", "apart"}),
        (["core"], {"pinned", "apart"}),
        (["helper"], {"pinned", "apart"}),
        (["pinned"], {"core", "helper", "apart"}),
        (["apart", "helper", "core"], {"pinned"}),
    ],
)
def test_a_project_moves_with_what_its_repository_gives_by_the_same_reference(
    upgrade: list[str], kept: set[str]
) -> None:
    sources = {one.source: one.name for one in LOCK.packages}
    assert {sources[one] for one in kept_commits(LOCK, [NormalizedName(name) for name in upgrade])} == kept
