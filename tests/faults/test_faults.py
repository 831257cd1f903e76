"""Short rounds of the long ones in this folder, each from a seed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.faults.chances import Chances
from tests.faults.disks import PLACES, Place, missing, try_places
from tests.faults.faulty_index import find_uv, own_tool, try_often, uv_tool
from tests.faults.kills import kill_often
from tests.faults.mixed import mix_often
from tests.faults.stage import staged
from tests.faults.under_load import load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.time_limit(300),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals, and programs in `bin`"),
]


def test_a_verb_that_gets_a_signal_is_completed_by_the_next_run(tmp_path: Path) -> None:
    verbs = ["lock", "sync, change", "add", "publish", "prune, again", "deploy, again"]
    with staged(tmp_path) as stage:
        found = kill_often(stage, len(verbs), int(os.environ.get("INTERLOCK_TEST_SEED") or 1), verbs)
    assert not found.wrong, str(found)


def test_different_verbs_at_the_same_time(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        found = mix_often(stage, 2, int(os.environ.get("INTERLOCK_TEST_SEED") or 1))
    assert not found.wrong, str(found)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system does not tell which processes are whose")
def test_a_service_under_load_loses_nothing_when_it_is_killed(tmp_path: Path) -> None:
    report = load(tmp_path, 10.0, int(os.environ.get("INTERLOCK_TEST_SEED") or 1), 3)
    assert not report.wrong, str(report)
    assert report.seconds.keys() >= {"lock", "page", "file", "pack"}, str(report)
    assert sum(report.chaos.values()) >= 3, str(report)


def test_a_faulty_index_gives_no_wrong_lock_and_no_half_environment() -> None:
    for outcome in try_often([own_tool()], (1, 2), (0.2,)):
        assert not outcome.wrong, outcome
        assert outcome.met, "something went wrong"


def test_a_faulty_index_stops_uv_as_often() -> None:
    uv = find_uv()
    if uv is None:
        pytest.skip("uv is not installed")
    outcomes = list(try_often([own_tool(), uv_tool(uv)], (3, 4), (0.05,)))
    worked = {tool: sum(one.worked for one in outcomes if one.tool == tool) for tool in ("interlock", "uv")}
    assert worked["interlock"] >= worked["uv"], outcomes


def test_the_same_request_meets_the_same_fault() -> None:
    paths = [f"/simple/part{number % 7}/" for number in range(200)]
    one, other = Chances(7, 0.2), Chances(7, 0.2)
    drawn = [one.draw(path) for path in paths]
    # In another order of the paths, but each of them as often.
    again = {path: [other.draw(path) for _ in range(paths.count(path))] for path in sorted(set(paths), reverse=True)}
    assert {path: [fault for at, fault in zip(paths, drawn, strict=True) if at == path] for path in again} == again
    assert 20 <= one.met.total() <= 60


@pytest.mark.parametrize("place", PLACES)
def test_a_small_disk_is_told_and_more_room_completes(tmp_path: Path, place: Place) -> None:
    if reason := missing():
        pytest.skip(reason)
    for outcome in try_places(tmp_path, (8,), (place,)):
        assert outcome.full
        assert not outcome.wrong, "\n".join(outcome.wrong)
