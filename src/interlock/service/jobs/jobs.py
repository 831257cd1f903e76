"""Jobs: a question that is being answered, once, for all who ask it."""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable
from functools import cached_property

import anyio
import msgspec

from interlock.errors import ServiceError
from interlock.service.jobs.pool import Pool
from interlock.service.jobs.work import Work
from interlock.service.protocol import BEAT_EVERY, Beat, Failed, encode
from interlock.service.remote_error import described

__all__ = ["Full", "JobCancelled", "JobInterrupted", "Jobs", "JobsOptions", "Kept", "Waiter"]

_BEAT = encode(Beat())
_KEPT = 32 * 1024 * 1024
"""Bytes of results that can be asked for again."""
_LAGGING = 256
"""Frames that a client may be behind; it misses the oldest then, never what came of it."""


class JobsOptions(msgspec.Struct, frozen=True, kw_only=True):
    waiting: int = 64
    """Most jobs that wait for a process."""
    linger: float = 2.0
    """Seconds that a job goes on for which nobody waits any more."""


class JobCancelled(ServiceError):
    """Somebody has ended the job that others were waiting for."""

    code = "job-cancelled"


class JobInterrupted(ServiceError):
    """The service ends before it has the answer; it answers when it is asked again."""

    code = "job-interrupted"


_CANCELLED = encode(Failed(described(JobCancelled("The job was cancelled.", hint="Ask again."))))
_INTERRUPTED = encode(
    Failed(
        described(
            JobInterrupted("The service ended before it had the answer.", hint="Ask again: it goes on when it is back.")
        )
    )
)


class Full(Exception):
    """So many jobs are waiting that another one may not."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("full")
        self.retry_after = retry_after
        """Seconds."""


class Kept:
    """What came of a job that has ended."""

    def __init__(self, line: bytes, fresh_until: float) -> None:
        self.line = line
        self.fresh_until = fresh_until
        """Seconds since the epoch; as long nobody has to be asked for it again."""

    def __repr__(self) -> str:
        return f"<Kept of {len(self.line)} bytes>"

    @cached_property
    def packed(self) -> bytes:
        """The line with gzip: it is made for many."""
        return gzip.compress(self.line + b"\n", compresslevel=6, mtime=0)


class Waiter:
    """One client that waits for a job."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._lines: deque[bytes] = deque(maxlen=_LAGGING)
        self._news = anyio.Event()

    def __repr__(self) -> str:
        return f"<Waiter for {self._job!r}>"

    def tell(self, line: bytes) -> None:
        self._lines.append(line)
        self._news.set()

    def wake(self) -> None:
        """Have the waiter see that the job has ended."""
        self._news.set()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """The frames from now on, at least one a second; the last one is what came of the job.

        Leaving early is to wait no more.
        """
        try:
            yield _BEAT
            while self._job.last is None or self._lines:
                if self._lines:
                    yield self._lines.popleft()
                    continue
                self._news = anyio.Event()
                with anyio.move_on_after(BEAT_EVERY) as patience:
                    await self._news.wait()
                if patience.cancelled_caught:
                    yield _BEAT
            yield self._job.last
        finally:
            self._job.leave(self)


class _Job:
    def __init__(self, key: str, work: Work, linger: float, given_up: Callable[[str], None]) -> None:
        self.key = key
        self.work = work
        self.last: bytes | None = None
        self.scope = anyio.CancelScope()
        self.stays = False
        """Whether it goes on when nobody waits for it."""
        self.is_given_up = False
        self._linger = linger
        self._given_up = given_up
        self._waiters: set[Waiter] = set()
        self._patience: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<_Job {self.key[:12]} for {len(self._waiters)}>"

    def join(self) -> Waiter:
        waiter = Waiter(self)
        self._waiters.add(waiter)
        if self._patience is not None:
            self._patience.cancel()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        self._waiters.discard(waiter)
        if not self._waiters and self.last is None and not self.stays:
            self._patience = asyncio.get_running_loop().call_later(self._linger, self.give_up)

    def give_up(self) -> None:
        """End it for good: nobody wants to know."""
        self.is_given_up = True
        self._given_up(self.key)
        self.scope.cancel()

    def tell(self, line: bytes) -> None:
        for waiter in self._waiters:
            waiter.tell(line)

    def finish(self, last: bytes) -> None:
        self.last = last
        for waiter in self._waiters:
            waiter.wake()


class Jobs:
    """All jobs of a service, which are begun by whoever asks first and may outlive that request."""

    def __init__(
        self, pool: Pool, options: JobsOptions | None = None, *, given_up: Callable[[str], None] = lambda _: None
    ) -> None:
        """``given_up`` is told the key of each job that was cancelled or that nobody waited for."""
        self._pool = pool
        self._given_up = given_up
        self._options = options or JobsOptions()
        self._running: dict[str, _Job] = {}
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._kept_size = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.begun = 0
        """Jobs so far."""

    def __repr__(self) -> str:
        return f"<Jobs: {len(self._running)} running, {len(self._kept)} kept>"

    @property
    def running(self) -> int:
        return len(self._running)

    async def close(self) -> None:
        """End all jobs, and the processes that solve. Who still waits is told to ask again."""
        for job in list(self._running.values()):
            job.scope.cancel()
        await asyncio.gather(*self._tasks)
        await self._pool.close()

    def join(self, key: str, work: Work) -> Waiter:
        """Wait for a job, which begins if it is not running yet. Raises :class:`Full`."""
        return self._job(key, work).join()

    def begin(self, key: str, work: Work) -> None:
        """Have a job done that goes on until it is answered, whoever waits. Raises :class:`Full`."""
        self._job(key, work).stays = True

    def watch(self, key: str) -> AsyncGenerator[bytes, None]:
        """The frames of a job that runs, as :meth:`Waiter.frames` has them."""
        return self._running[key].join().frames()

    def _job(self, key: str, work: Work) -> _Job:
        job = self._running.get(key)
        if job is None:
            if len(self._running) >= self._options.waiting + self._pool.options.workers:
                raise Full(retry_after=2)
            job = self._running[key] = _Job(key, work, self._options.linger, self._given_up)
            self.begun += 1
            task = asyncio.get_running_loop().create_task(self._run(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return job

    def result(self, key: str) -> Kept | None:
        """What came of a job that has ended; None when that is not known."""
        return self._kept.get(key)

    def is_running(self, key: str) -> bool:
        return key in self._running

    def cancel(self, key: str) -> bool:
        """End a job; whoever waits for it is told that it was. False when there is none."""
        job = self._running.get(key)
        if job is not None:
            job.give_up()
        return job is not None

    async def _run(self, job: _Job) -> None:
        found = None
        try:
            with job.scope:
                found = await self._pool.run(job.work, job.tell)
        finally:
            del self._running[job.key]
            job.finish(found[0] if found is not None else _CANCELLED if job.is_given_up else _INTERRUPTED)
        if found is not None:
            self._keep(job.key, Kept(*found))

    def _keep(self, key: str, kept: Kept) -> None:
        before = self._kept.pop(key, None)
        self._kept_size += len(kept.line) - (len(before.line) if before is not None else 0)
        self._kept[key] = kept
        while self._kept_size > _KEPT and len(self._kept) > 1:
            self._kept_size -= len(self._kept.popitem(last=False)[1].line)
