"""Child processes: found on a path, told of signals."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import anyio

from interlock.errors import UsageError

__all__ = ["CannotStart", "supervise", "which"]


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


async def supervise(command: list[str], environ: dict[str, str], cwd: Path, given: bytes | None = None) -> int:
    """Run a program to its end, passing signals on; its exit code, or 128 plus the number of a signal.

    ``given`` takes the place of our standard input.

    Raises :class:`CannotStart`.
    """
    with ExitStack() as files:
        stdin = None
        if given is not None:
            stdin = files.enter_context(tempfile.TemporaryFile())
            stdin.write(given)
            stdin.seek(0)
        try:
            process = await anyio.open_process(command, stdin=stdin, stdout=None, stderr=None, env=environ, cwd=cwd)
        except OSError as error:
            raise CannotStart(command[0], cwd, error) from error

    async def forward() -> None:
        wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)]
        with anyio.open_signal_receiver(*wanted) as signals:
            async for received in signals:
                # A terminal sends SIGINT to the whole group itself; sending it twice would kill a graceful shutdown.
                if received != signal.SIGINT:
                    process.send_signal(received)

    async with anyio.create_task_group() as tasks:
        if os.name == "posix":
            tasks.start_soon(forward)
        code = await process.wait()
        tasks.cancel_scope.cancel()
    return code if code >= 0 else 128 - code
