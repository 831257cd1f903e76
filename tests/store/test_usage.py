"""The store's temporary folder is swept by who uses the store next, and never under somebody's hands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.store.layout import Layout
from interlock.store.locks import hold_sync
from interlock.store.usage import sweep, using


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path / "store")
    found.prepare()
    return found


def leave(layout: Layout) -> str:
    """What a process leaves that is killed, by every kind of name; the one of a process that lives."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    (layout.tmp / "tmpabc").mkdir()
    (layout.tmp / "tmpabc" / "tree").write_text("x")
    layout.locks.mkdir(exist_ok=True)
    (layout.locks / "removed-abc").mkdir()
    for name in ("tmpdef", f"{gone.pid}-1f-0", f"page-{gone.pid}-1f-0", "9" * 30 + "-1"):
        (layout.tmp / name).write_text("x")
    mine = f"{os.getpid()}-1f-0"
    (layout.tmp / mine).write_text("x")
    return mine


async def test_what_killed_processes_left_is_gone_before_the_store_is_used(layout: Layout) -> None:
    mine = leave(layout)
    async with using(layout):
        assert {path.name for path in layout.tmp.iterdir()} <= {mine, "9" * 30 + "-1"}
        assert [path.name for path in layout.locks.iterdir()] == ["usage"]


async def test_nothing_is_deleted_while_somebody_uses_the_store(layout: Layout) -> None:
    leave(layout)
    before = {path.name for path in layout.tmp.iterdir()}
    with hold_sync(layout.usage_lock, shared=True):
        async with using(layout):
            assert {path.name for path in layout.tmp.iterdir()} == before
        sweep(layout)
    assert {path.name for path in layout.tmp.iterdir()} == before


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    sweep(Layout(tmp_path / "nowhere" / "store"))
    assert not (tmp_path / "nowhere" / "store" / "tmp").exists()


def leave_parts(layout: Layout, *ages: float, size: int = 1 << 20) -> list[Path]:
    """Files that came in part to processes that are gone, so many seconds ago."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left = []
    for number, age in enumerate(ages):
        path = layout.tmp / f"{gone.pid}-part-{number:064x}"
        path.touch()
        os.truncate(path, size)
        at = path.stat().st_mtime - age
        os.utime(path, (at, at))
        left.append(path)
    return left


def test_files_that_came_in_part_are_kept_for_a_day(layout: Layout) -> None:
    young, old, future = leave_parts(layout, 3600, 90_000, -90_000)
    sweep(layout)
    assert young.exists()
    assert not old.exists()
    assert not future.exists()


def test_files_that_came_in_part_are_kept_up_to_a_gigabyte_the_latest_first(layout: Layout) -> None:
    first, second, third = leave_parts(layout, 30, 20, 10, size=400 << 20)
    sweep(layout)
    assert not first.exists()
    assert second.exists()
    assert third.exists()
