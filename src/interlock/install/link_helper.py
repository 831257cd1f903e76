"""A second process that makes hard links.

Two threads of one interpreter hand it over to each other at each of tens of thousands of calls, and are no faster than
one of them.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

__all__ = ["LinkHelper"]

_PROGRAM = os.path.join(os.path.dirname(__file__), "linking.py")


class LinkHelper:
    """One order at a time; who finds it busy makes links himself. A context manager, which ends it."""

    def __init__(self, python: str) -> None:
        self._busy = threading.Lock()
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                [python, "-I", "-S", "-B", _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._process = None

    def __repr__(self) -> str:
        return f"<LinkHelper {self._process!r}>"

    def __enter__(self) -> LinkHelper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._busy:
            self._end()

    def link(self, source: str, target: str, paths: Sequence[str]) -> int | None:
        """Make links below one folder to files below another as long as that goes well; how many. None when busy."""
        if not self._busy.acquire(blocking=False):
            return None
        try:
            return self._ask(source, target, paths) if self._process is not None else None
        finally:
            self._busy.release()

    def _ask(self, source: str, target: str, paths: Sequence[str]) -> int:
        process, answer = self._process, b""
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        order = os.fsencode("\0".join((source, target, *paths)))
        with suppress(OSError):
            process.stdin.write(b"%d\n%b" % (len(order), order))
            process.stdin.flush()
            answer = process.stdout.readline()
        if answer.endswith(b"\n"):
            return int(answer)
        # It was killed, or cannot run here. What it did is to be seen, for links are made in order.
        self._end()
        made = (at for at, path in enumerate(paths) if not os.path.lexists(f"{target}/{path}"))
        return next(made, len(paths))

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()
