# ruff: noqa: ASYNC220 - the other process is what is waited for
from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest

from interlock.store.locks import LockTimeout, NotALock, hold, hold_sync

HOLDER = """
import sys, time
from pathlib import Path
from interlock.store.locks import hold_sync
with hold_sync(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
COUNTER = """
import sys
from pathlib import Path
from interlock.store.locks import hold_sync
for _ in range(50):
    with hold_sync(Path(sys.argv[1]), passing=bool(sys.argv[3:])):
        path = Path(sys.argv[2])
        path.write_text(str(int(path.read_text()) + 1))
"""


async def test_another_process_is_waited_for_and_named(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "a"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        other.stdout.readline()
        with pytest.raises(LockTimeout, match=f"process {other.pid}") as caught:
            async with hold(path, timeout=0.05):
                raise AssertionError
        assert caught.value.holder == other.pid
        with pytest.raises(LockTimeout, match=f"process {other.pid}"), hold_sync(path, timeout=0.02):
            raise AssertionError
        other.kill()
    async with hold(path, timeout=5):
        assert path.read_text().strip() == str(os.getpid())
    assert not path.read_text()


async def test_tasks_exclude_each_other_and_sharers_do_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    inside = 0
    most = 0

    async def work(shared: bool) -> None:
        nonlocal inside, most
        async with hold(path, shared=shared, timeout=20):
            inside += 1
            most = max(most, inside)
            await anyio.sleep(0.01)
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(work, False)
    assert most == 1
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(work, True)
    assert most == 4
    async with hold(path, shared=True):
        with pytest.raises(LockTimeout):
            async with hold(path, timeout=0.01):
                raise AssertionError


async def test_a_lock_is_freed_by_errors_and_cancellation(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(ZeroDivisionError):
        async with hold(path):
            raise ZeroDivisionError
    with anyio.move_on_after(0.01):
        async with hold(path):
            await anyio.sleep(5)
    with hold_sync(path, timeout=0.0):
        pass


@pytest.mark.parametrize("passing", [False, True])
def test_no_increment_is_lost_between_processes_and_threads(tmp_path: Path, passing: bool) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNTER, str(tmp_path / "lock"), str(counter), *(["passing"] if passing else [])]
    others = [subprocess.Popen(command) for _ in range(2)]

    def count() -> None:
        for _ in range(50):
            with hold_sync(tmp_path / "lock", passing=passing):
                counter.write_text(str(int(counter.read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    assert counter.read_text() == "200"
    assert (tmp_path / "lock").exists() != passing


async def test_tasks_exclude_each_other_where_the_file_goes_with_its_holder(tmp_path: Path) -> None:
    path, inside, turns = tmp_path / "a", 0, 0

    async def work() -> None:
        nonlocal inside, turns
        async with hold(path, timeout=20, passing=True):
            inside += 1
            assert inside == 1 and path.exists()
            await anyio.sleep(0.001)
            inside -= 1
            turns += 1

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(work)
    assert (turns, path.exists()) == (20, False)


@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder"])
async def test_what_is_no_file_is_no_lock_and_is_left_alone(tmp_path: Path, kind: str) -> None:
    precious, path = tmp_path / "precious", tmp_path / "lock"
    precious.write_text("precious")
    if kind == "link":
        path.symlink_to(precious)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "new")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(NotALock, match="lock"), hold_sync(path, timeout=1):
        raise AssertionError
    with pytest.raises(NotALock):
        async with hold(path, timeout=1):
            raise AssertionError
    assert precious.read_text() == "precious"
    assert not (tmp_path / "new").exists()


def test_a_file_that_has_a_second_name_is_locked_and_not_written_to(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "lock").hardlink_to(precious)
    with hold_sync(tmp_path / "lock", timeout=1):
        assert precious.read_text() == "precious"
    assert precious.read_text() == "precious"
