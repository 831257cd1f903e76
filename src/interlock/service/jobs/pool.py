"""A pool of processes that solve, each for some jobs and then replaced, so that what they remember stays bounded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import anyio
import anyio.abc
import msgspec
from anyio.streams.buffered import BufferedByteReceiveStream

from interlock.errors import ServiceError
from interlock.service.jobs.work import Work, is_last, read_last
from interlock.service.jobs.worker import LENGTH
from interlock.service.protocol import Failed, encode
from interlock.service.remote_error import described

__all__ = ["Pool", "PoolOptions"]

_LONGEST_LINE = 256 * 1024 * 1024
_PROGRAM = "interlock.service.jobs.worker"


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    workers: int = 2
    jobs: int = 100
    """After so many a process is replaced."""
    seconds: float = 600.0
    """Longest that a job may take."""


class WorkerGone(ServiceError):
    """A process that solves has ended in the middle of a job, or took too long."""

    code = "worker-gone"


class _Worker:
    """One process."""

    def __init__(self, process: anyio.abc.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._input = process.stdin
        self._output = BufferedByteReceiveStream(process.stdout)
        self.number = process.pid
        self.jobs = 0

    def __repr__(self) -> str:
        return f"<_Worker {self.number} after {self.jobs} jobs>"

    async def work(self, data: bytes, emit: Callable[[bytes], None]) -> bytes:
        """Do a job; returns the last frame. Raises what reading from a process that has ended raises."""
        self.jobs += 1
        await self._input.send(len(data).to_bytes(LENGTH, "big") + data)
        while True:
            line = await self._output.receive_until(b"\n", _LONGEST_LINE)
            if is_last(line):
                return line
            emit(line)

    async def end(self) -> None:
        with anyio.CancelScope(shield=True):
            if self._process.returncode is None:
                self._process.kill()
            await self._process.aclose()


_BROKEN = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class Pool:
    """Whoever makes one closes it."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self.options = options or PoolOptions()
        self._places = anyio.CapacityLimiter(self.options.workers)
        self._idle: list[_Worker] = []
        self.processes: set[int] = set()
        """Their numbers, of those that run."""
        self.started = 0
        """Processes so far."""

    def __repr__(self) -> str:
        return f"<Pool of {self.options.workers}: {self._places.borrowed_tokens} busy, {len(self._idle)} idle>"

    async def close(self) -> None:
        """End the processes, all of which have nothing to do."""
        idle, self._idle = self._idle, []
        for worker in idle:
            await self._end(worker)

    async def run(self, work: Work, emit: Callable[[bytes], None]) -> tuple[bytes, float]:
        """Do a job when there is room for it; frames before the last are handed to ``emit``.

        Returns the last, and until when (seconds since the epoch) the same work would come to it and ask nobody.
        A job whose process ends is done once more in a new one; cancelling it ends its process.
        """
        data = msgspec.msgpack.encode(work)
        why = ""
        for _ in range(2):
            async with self._places:
                with anyio.move_on_after(self.options.seconds):
                    try:
                        return read_last(await self._attempt(data, emit))
                    except _BROKEN:
                        why = "The process that was solving this ended."
                        continue
            why = f"Solving this took longer than {self.options.seconds:.0f} seconds."
            break
        return encode(Failed(described(WorkerGone(why, hint="See the log of the service.")))), 0.0

    async def _attempt(self, data: bytes, emit: Callable[[bytes], None]) -> bytes:
        worker = self._idle.pop() if self._idle else await self._start()
        try:
            last = await worker.work(data, emit)
        except BaseException:
            await self._end(worker)
            raise
        if worker.jobs < self.options.jobs:
            self._idle.append(worker)
        else:
            await self._end(worker)
        return last

    async def _end(self, worker: _Worker) -> None:
        await worker.end()
        self.processes.discard(worker.number)

    async def _start(self) -> _Worker:
        self.started += 1
        # Its errors go where ours do; a Ctrl-C at the terminal is for us, and we end it then.
        process = await anyio.open_process(
            [sys.executable, "-m", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            start_new_session=True,
        )
        self.processes.add(process.pid)
        return _Worker(process)
