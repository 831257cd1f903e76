"""Child processes: found on a path, started, told of signals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import anyio.to_thread

from interlock.errors import UsageError
from interlock.signals import is_ignored, receiving, suffer

__all__ = ["CannotStart", "Children", "exit_code", "read_lines", "supervise", "which"]

T = TypeVar("T")
_CHUNK = 1 << 16


def _numbers(*names: str) -> frozenset[int]:
    return frozenset(int(getattr(signal, name)) for name in names if hasattr(signal, name))


_ENDING = _numbers("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""What asks for an end: nothing is started after one of these."""
_FORWARDED = _ENDING | _numbers(
    "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGCONT", "SIGTSTP", "SIGURG", "SIGIO",
    "SIGPWR", "SIGINFO", "SIGSTKFLT", "SIGXCPU",
)  # fmt: skip
"""All that can be passed on, beside those of real time; the others tell of ourselves: faults, children, pipes."""
_HAS_REAL_TIME = hasattr(signal, "SIGRTMIN")
_KEYS = _numbers("SIGINT", "SIGQUIT")
"""What a terminal sends to the program as well, and what does harm when it comes twice."""


Process = subprocess.Popen[bytes]


class CannotStart(UsageError):
    """A program that is not there, or is none."""

    code = "cannot-start"
    exit_code = 1

    def __init__(self, program: str, cwd: Path, error: OSError) -> None:
        super().__init__(
            f"`{program}` cannot be started in {cwd}: {error.strerror or error}.",
            hint="Look at its path, its permissions and its first line.",
            facts={"program": program},
        )


def which(program: str, folders: Iterable[str]) -> str | None:
    """The first program of that name in some folders."""
    suffixes = ("", ".exe", ".bat", ".cmd") if os.name == "nt" else ("",)
    for folder in folders:
        for suffix in suffixes:
            candidate = os.path.join(folder, program + suffix)
            if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                return candidate
    return None


class Children:
    """The programs that we run for somebody; an async context manager, in which every signal goes to all of them.

    Signals have to be listened to before the first program starts: one that comes a moment later would end us and
    leave it behind.
    """

    def __init__(self, inherited: tuple[int, ...] = ()) -> None:
        self._inherited = inherited if sys.platform != "win32" else ()
        """Descriptors that the programs hold as well."""
        self.stopped = 0
        """The signal that asked for an end, the first where there were several."""
        self._running: set[Process] = set()
        self._loop = asyncio.get_running_loop()
        self._stack = ExitStack()

    def __repr__(self) -> str:
        return f"<Children {len(self._running)} running>"

    async def __aenter__(self) -> Self:
        if sys.platform != "win32":
            wanted = _FORWARDED.union(range(signal.SIGRTMIN, signal.SIGRTMAX + 1)) if _HAS_REAL_TIME else _FORWARDED
            # What is ignored stays ignored, by the program too.
            numbers = [number for number in wanted if not is_ignored(number)]
            self._stack.enter_context(receiving(numbers, self._received))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @asynccontextmanager
    async def started(
        self, command: list[str], environ: dict[str, str], cwd: Path, **streams: Any
    ) -> AsyncIterator[Process]:
        """A program while it runs; killed when the block is left before its end. Raises :class:`CannotStart`."""
        try:
            # Not by the loop: that of uvloop has the program heed again what it was to ignore.
            process = subprocess.Popen(  # noqa: ASYNC220
                command, env=environ, cwd=cwd, pass_fds=self._inherited, **streams
            )
        except OSError as error:
            raise CannotStart(command[0], cwd, error) from error
        self._running.add(process)
        if self.stopped:
            # It came while the program was being started.
            process.send_signal(self.stopped)
        try:
            yield process
        finally:
            self._running.discard(process)
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    async def run(self, command: list[str], environ: dict[str, str], cwd: Path, given: bytes | None = None) -> int:
        """Run a program to its end; its exit code, or 128 plus the number of a signal.

        ``given`` takes the place of our standard input. Raises :class:`CannotStart`.
        """
        if self.stopped:
            return 128 + self.stopped
        with ExitStack() as files:
            stdin = None
            if given is not None:
                stdin = files.enter_context(tempfile.TemporaryFile())
                stdin.write(given)
                stdin.seek(0)
            async with self.started(command, environ, cwd, stdin=stdin) as process:
                return await exit_code(process)

    def ended_with(self, code: int) -> bool:
        """Whether an exit code is that of the signal that asked for an end."""
        return self.stopped > 0 and code == 128 + self.stopped

    def _received(self, number: int) -> None:
        self._loop.call_soon_threadsafe(self._pass_on, number)

    def _pass_on(self, number: int) -> None:
        if number in _ENDING:
            self.stopped = self.stopped or number
        if number not in _KEYS or not _is_in_foreground():
            for process in self._running:
                process.send_signal(number)
        if number in _numbers("SIGTSTP"):
            # Whoever tells us to go on tells the programs through us.
            suffer(number)


def _is_in_foreground() -> bool:
    """Whether the keys of a terminal are signals for us, and so for the programs beside us."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


async def exit_code(process: Process) -> int:
    """Wait for the end of a program: its exit code, or 128 plus the number of a signal."""
    code = await _in_a_thread(process.wait)
    return code if code >= 0 else 128 - code


async def read_lines(process: Process) -> AsyncIterator[str]:
    """What a program says on its pipe, line by line as it comes."""
    assert process.stdout is not None
    handle, rest = process.stdout.fileno(), b""
    while data := await _in_a_thread(partial(os.read, handle, _CHUNK)):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")


async def _in_a_thread(wait: Callable[[], T]) -> T:
    """Wait where waiting is all there is to do; the others have threads left, and a cancellation waits for nothing."""
    return await anyio.to_thread.run_sync(wait, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))


async def supervise(command: list[str], environ: dict[str, str], cwd: Path) -> int:
    """Run one program to its end, passing signals on. Raises :class:`CannotStart`."""
    async with Children() as children:
        return await children.run(command, environ, cwd)
