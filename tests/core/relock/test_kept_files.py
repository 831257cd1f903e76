"""Where a cooldown window moves with the days, a version that stays keeps its files."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.markers.diagram import TRUE, parse_marker
from interlock.core.names import NormalizedName
from interlock.core.relock.kept_files import KeptFiles
from interlock.core.resolver.problem import Preference, Problem
from interlock.core.sources.source import Registry
from tests.core.lock.locks import edge, lock_of, member, package, wheel

P = NormalizedName("p")
WINDOW = ResolutionInputs(exclude_newer_span="7 days")
LOCKED = package("p", "1.0", artifacts=(wheel("p", "1.0"),))
LINUX, WINDOWS = parse_marker("sys_platform == 'linux'"), parse_marker("sys_platform == 'win32'")


def lock(inputs: ResolutionInputs = WINDOW) -> Lock:
    linux = member("a", edge("p", "sys_platform == 'linux'"), extras={"x": []}, groups={"g": []})
    return msgspec.structs.replace(lock_of(linux, LOCKED), inputs=inputs)


def problem(version: str = "1.0") -> Problem:
    return Problem(members=(), preferences={P: (Preference(version, Registry("pypi")),)})


def test_a_file_that_was_too_young_stays_out_and_one_for_elsewhere_comes() -> None:
    kept = KeptFiles(lock(), WINDOW, problem())
    found = kept.find(P, "1.0", Registry("pypi"))
    assert found == LOCKED
    assert kept.admits(LOCKED, LOCKED.artifacts[0].filename, LINUX)
    assert not kept.admits(LOCKED, "p-1.0-cp312-cp312-linux_x86_64.whl", LINUX)
    assert not kept.admits(LOCKED, "p-1.0-1-py3-none-any.whl", TRUE)
    assert kept.admits(LOCKED, "p-1.0-cp312-cp312-win_amd64.whl", WINDOWS)
    assert repr(kept) == "<KeptFiles of 1 packages>"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {}),
        ({"exclude_newer_span": "7 days"}, {"exclude_newer_span": "8 days"}),
        ({"exclude_newer_span": "7 days"}, {"exclude_newer_span": "7 days", "no_binary": ("p",)}),
        *[({"exclude_newer_span": "7 days", "exclude_newer_package": {P: own}},) * 2 for own in ("2026-01-01T", "")],
    ],
)
def test_where_no_window_or_another_one_hides_files_all_are_looked_at(old: dict[str, Any], new: dict[str, Any]) -> None:
    kept = KeptFiles(lock(ResolutionInputs(**old)), ResolutionInputs(**new), problem())
    assert kept.find(P, "1.0", Registry("pypi")) is None


def test_a_window_of_its_own_counts_for_a_package() -> None:
    inputs = ResolutionInputs(exclude_newer="2026-01-01T00:00:00Z", exclude_newer_package={P: "2 days"})
    assert KeptFiles(lock(inputs), inputs, problem()).find(P, "1.0", Registry("pypi")) == LOCKED


def test_what_is_upgraded_or_new_is_looked_at_anew() -> None:
    assert KeptFiles(lock(), WINDOW, problem("0.9")).find(P, "1.0", Registry("pypi")) is None
    assert KeptFiles(lock(), WINDOW, problem()).find(P, "1.0", Registry("own")) is None
    assert KeptFiles(None, WINDOW, problem()).find(P, "1.0", Registry("pypi")) is None
