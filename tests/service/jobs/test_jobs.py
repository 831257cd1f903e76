"""Jobs: each question answered once for all who ask it, in processes that may die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.relock.question import plain_lock
from interlock.core.requirements.requirement import Requirement
from interlock.service.jobs.jobs import Full, Jobs, JobsOptions, Waiter
from interlock.service.jobs.pool import Pool, PoolOptions
from interlock.service.jobs.worker import LENGTH
from interlock.service.protocol import (
    Beat,
    Conflict,
    Done,
    Fact,
    Failed,
    Frame,
    Needs,
    Progress,
    Unchanged,
    decode_frame,
    encode,
)
from tests.registry import Registry, registry
from tests.service.questions import work


@asynccontextmanager
async def _serving(workers: int = 1, **options: Any) -> AsyncIterator[tuple[Pool, Jobs]]:
    pool = Pool(PoolOptions(workers=workers, jobs=options.pop("jobs", 100), seconds=options.pop("seconds", 60.0)))
    jobs = Jobs(pool, JobsOptions(**options))
    try:
        yield pool, jobs
    finally:
        await jobs.close()
        assert not pool.processes


async def _all(waiter: Waiter) -> list[Frame]:
    return [decode_frame(line) async for line in waiter.frames()]


async def _look(waiter: Waiter) -> None:
    """Wait for the first frame only."""
    async with aclosing(waiter.frames()) as frames:
        async for _ in frames:
            return


def _packages() -> Registry:
    return registry(a={"1.0": ["b"], "2.0": ["b>=2"]}, b={"1.0": [], "2.0": []})


async def test_a_question_is_answered_with_progress_on_the_way(index: Any, tmp_path: Path) -> None:
    async with _serving() as (_, jobs):
        frames = await _all(jobs.join("k", work(index(_packages()), tmp_path, "a")))
    assert isinstance(frames[0], Beat)
    assert any(isinstance(frame, Progress) for frame in frames)
    assert isinstance(frames[-1], Done)
    assert {package.name: package.version for package in frames[-1].answer.lock.packages} == {"a": "2.0", "b": "2.0"}
    assert all(package.source.index == "corp" for package in frames[-1].answer.lock.packages)  # type: ignore[union-attr]


async def test_who_asks_the_same_waits_for_the_same_job(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.slow("/simple/", 0.3)
    asked = work(server, tmp_path, "a")
    async with _serving(workers=2) as (pool, jobs):
        found: list[list[Frame]] = []

        async def ask() -> None:
            found.append(await _all(jobs.join("same", asked)))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(ask)
        assert (jobs.begun, pool.started) == (1, 1)
    assert len({encode(frames[-1]) for frames in found}) == 1
    assert len(server.paths("/simple/a/")) == 1


async def test_what_cannot_be_is_the_same_error_as_everywhere(index: Any, tmp_path: Path) -> None:
    async with _serving() as (_, jobs):
        frames = await _all(jobs.join("k", work(index(_packages()), tmp_path, "a>=2", "b<2")))
    assert isinstance(frames[-1], Conflict)
    assert frames[-1].failure is not None
    assert frames[-1].failure.requirements[0].data["member"] == "app"


async def test_an_index_that_is_down_is_no_answer(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.fail("/simple/b/", 403)
    async with _serving() as (_, jobs):
        frames = await _all(jobs.join("k", work(server, tmp_path, "a")))
    assert isinstance(frames[-1], Failed)
    assert frames[-1].error.family == "index"


async def test_the_old_lock_is_asked_for_once_and_known_from_then_on(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    async with _serving() as (_, jobs):
        first = (await _all(jobs.join("1", work(server, tmp_path / "one", "a"))))[-1]
        assert isinstance(first, Done)
        old = first.answer.lock
        asked = work(server, tmp_path / "two", "a", "b", old=old)
        assert (await _all(jobs.join("2", asked)))[-1] == Needs(old=True)
        sent = asked.__class__(
            **{name: getattr(asked, name) for name in asked.__struct_fields__ if name != "old"},
            old=encode(plain_lock(old)),
        )
        assert isinstance((await _all(jobs.join("3", sent)))[-1], Done)
        assert isinstance((await _all(jobs.join("4", asked)))[-1], Done)
        wrong = asked.__class__(
            **{name: getattr(asked, name) for name in asked.__struct_fields__ if name not in {"old", "store"}},
            old=b"{}",
            store=str(tmp_path / "three"),
        )
        assert (await _all(jobs.join("5", wrong)))[-1] == Needs(old=True)


async def test_a_lock_that_stays_is_not_sent_again(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    async with _serving() as (_, jobs):
        first = (await _all(jobs.join("1", work(server, tmp_path, "a"))))[-1]
        assert isinstance(first, Done)
        frames = await _all(jobs.join("2", work(server, tmp_path, "a", old=first.answer.lock)))
    assert frames[-1] == Unchanged()


async def test_what_has_to_be_built_is_the_clients_work(index: Any, tmp_path: Path) -> None:
    packages = _packages()
    packages.sdist("built", "1.0", static=False)
    packages.sdist("also", "1.0", static=False)
    packages.wheel("web", "1.0", "built", "also", "a")
    server = index(packages)
    async with _serving() as (_, jobs):
        needs = (await _all(jobs.join("1", work(server, tmp_path, "web"))))[-1]
        assert isinstance(needs, Needs)
        assert [(build.name, build.version, build.index) for build in needs.builds] == [
            ("also", "1.0", "corp"),
            ("built", "1.0", "corp"),
        ]
        facts = tuple(
            Fact(
                name=build.name,
                version=build.version,
                index=build.index,
                metadata=Metadata(name=build.name, version="1.0", requires=(Requirement(NormalizedName("b"), "<2"),)),
            )
            for build in needs.builds
        )
        done = (await _all(jobs.join("2", work(server, tmp_path, "web", facts=facts))))[-1]
        assert isinstance(done, Done)
        chosen = {package.name: package.version for package in done.answer.lock.packages}
        assert chosen == {"a": "1.0", "also": "1.0", "b": "1.0", "built": "1.0", "web": "1.0"}
        broken = tuple(Fact(name=fact.name, version="1.0", index="corp", reason="no compiler") for fact in facts)
        failed = (await _all(jobs.join("3", work(server, tmp_path, "web", facts=broken))))[-1]
    assert isinstance(failed, Conflict)
    assert failed.failure is not None
    assert "no compiler" in str(failed.failure.message)


async def test_a_job_for_which_nobody_waits_ends_and_its_process_with_it(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.slow("/simple/", 20.0)
    async with _serving(linger=0.2) as (pool, jobs):
        await _look(jobs.join("k", work(server, tmp_path, "a")))
        for _ in range(200):
            await anyio.sleep(0.05)
            if not jobs.running and not pool.processes:
                break
        assert not pool.processes


async def test_who_comes_back_in_time_finds_the_job_going_on(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.slow("/simple/", 1.0)
    asked = work(server, tmp_path, "a")
    async with _serving(linger=5.0) as (_, jobs):
        await _look(jobs.join("k", asked))
        assert isinstance((await _all(jobs.join("k", asked)))[-1], Done)
        assert jobs.begun == 1


async def test_frames_keep_coming_while_a_job_waits_for_a_process(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.slow("/simple/a/", 4.0)
    async with _serving(linger=0.1) as (_, jobs):
        gaps = [0.0]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_all, jobs.join("slow", work(server, tmp_path, "a")))
            await anyio.sleep(0.1)
            last = time.monotonic()
            async for _ in jobs.join("waiting", work(server, tmp_path, "b")).frames():
                gaps.append(time.monotonic() - last)
                last = time.monotonic()
    assert max(gaps) < 2.0


async def test_more_jobs_than_may_wait_are_refused(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.slow("/simple/", 20.0)
    async with _serving(waiting=1, linger=0.1) as (_, jobs):
        waiters = [jobs.join(str(number), work(server, tmp_path, "a")) for number in range(2)]
        with pytest.raises(Full) as full:
            jobs.join("3", work(server, tmp_path, "a"))
        assert full.value.retry_after >= 1
        assert jobs.join("1", work(server, tmp_path, "a")) is not waiters[1]
        assert jobs.cancel("0")
        assert jobs.cancel("1")
        assert not jobs.cancel("none")
        frames = await _all(waiters[0])
    assert isinstance(frames[-1], Failed)
    assert frames[-1].error.code == "job-cancelled"


async def test_a_process_that_is_killed_costs_time_and_nothing_else(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.slow("/simple/", 1.0, times=1)
    async with _serving() as (pool, jobs):
        waiter = jobs.join("k", work(server, tmp_path, "a"))
        killed = 0
        frames = []
        async for line in waiter.frames():
            frames.append(decode_frame(line))
            if not killed and isinstance(frames[-1], Progress):
                killed = _children(pool)[0]
                os.kill(killed, signal.SIGKILL)
        assert pool.started == 2
    assert killed
    assert isinstance(frames[-1], Done)


def _children(pool: Pool) -> list[int]:
    return sorted(pool.processes)


async def test_processes_are_replaced_after_some_jobs(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    async with _serving(jobs=2) as (pool, jobs):
        for number in range(5):
            assert isinstance((await _all(jobs.join(str(number), work(server, tmp_path, "a"))))[-1], Done)
        assert pool.started == 3
        assert len(pool.processes) == 1


async def test_a_job_that_takes_too_long_is_given_up(index: Any, tmp_path: Path) -> None:
    server = index(_packages())
    server.slow("/simple/", 30.0)
    async with _serving(seconds=1.0) as (pool, jobs):
        frames = await _all(jobs.join("k", work(server, tmp_path, "a")))
        assert not pool.processes
    assert isinstance(frames[-1], Failed)
    assert frames[-1].error.code == "worker-gone"


async def test_results_can_be_asked_for_again(index: Any, tmp_path: Path) -> None:
    async with _serving() as (_, jobs):
        frames = await _all(jobs.join("k", work(index(_packages()), tmp_path, "a")))
        kept = jobs.result("k")
        assert kept is not None
        assert decode_frame(kept.line) == frames[-1]
        assert jobs.result("other") is None


def test_a_process_whose_service_is_gone_ends_without_a_word(index: Any, tmp_path: Path) -> None:
    data = msgspec.msgpack.encode(work(index(_packages()), tmp_path, "a"))
    with subprocess.Popen(
        [sys.executable, "-m", "interlock.service.jobs.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(len(data).to_bytes(LENGTH, "big") + data)
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 0
