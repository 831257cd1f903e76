"""The list of jobs: what is on it when the service begins anew, and what not even a damaged file can hinder."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from interlock.service.state.job_list import JobList, JobListOptions, ListedJob


def test_what_was_asked_is_there_when_the_list_is_opened_again(tmp_path: Path) -> None:
    jobs = JobList(tmp_path / "jobs.sqlite")
    jobs.add("d:one", "d", b"question", 1.0)
    jobs.add("d:two", "d", b"question", 2.0)
    jobs.add("e:one", "e", b"another", 3.0)
    # Not closed: as after a kill.
    again = JobList(tmp_path / "jobs.sqlite")
    assert again.find("d") == [ListedJob("d:two", b"question"), ListedJob("d:one", b"question")]
    again.add("d:one", "d", b"question", 4.0)
    again.drop("d:two")
    assert again.find("d") == [ListedJob("d:one", b"question")]
    assert again.find("none") == []
    again.close()
    jobs.close()


def test_the_list_is_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    chance = random.Random(1)
    jobs = JobList(tmp_path / "jobs.sqlite", JobListOptions(jobs=100, bytes=40_000))
    for number in range(256):
        jobs.add(f"{number}:x", str(number), chance.randbytes(1000), float(number))
    there = [number for number in range(256) if jobs.find(str(number))]
    assert there == list(range(256 - len(there), 256))
    assert 30 <= len(there) <= 40
    jobs.close()


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_list_makes_room_for_a_new_one(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(damage)
    jobs = JobList(path)
    jobs.add("d:one", "d", b"question", 1.0)
    assert jobs.find("d") == [ListedJob("d:one", b"question")]
    jobs.close()


def test_a_list_of_the_future_makes_room_for_one_of_now(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    jobs = JobList(path)
    jobs.add("d:one", "d", b"question", 1.0)
    assert jobs.find("d")
    jobs.close()


def test_a_list_that_cannot_be_written_refuses_nobody(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    jobs = JobList(path)
    jobs.add("d:one", "d", b"question", 1.0)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE job")
    connection.close()
    jobs.add("d:two", "d", b"question", 2.0)
    jobs.drop("d:one")
    assert jobs.find("d") == []
    jobs.close()
