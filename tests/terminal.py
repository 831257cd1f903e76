"""An interactive program on a terminal of its own, typed to and read by a test."""

from __future__ import annotations

import os
import select
import subprocess
import time
from pathlib import Path

__all__ = ["Screen"]


class Screen:
    """An interactive program on a terminal of its own."""

    def __init__(self, command: list[str], *, cwd: Path | None = None) -> None:
        import fcntl  # noqa: PLC0415 - not on every platform
        import pty  # noqa: PLC0415
        import termios  # noqa: PLC0415

        self._main, other = pty.openpty()
        environ = {**os.environ, "TERM": "vt100"}
        self._process = subprocess.Popen(
            command,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            env=environ,
            cwd=cwd,
            # The terminal of the session, so that a typed Ctrl-C is a signal.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - nothing else does it
        )
        os.close(other)
        self._said = ""

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._main)

    def __repr__(self) -> str:
        return f"<Screen {self._process.args!r}>"

    def end(self) -> tuple[int, str]:
        """Wait for the program to end by itself: its exit code, and what it said since the last wait."""
        while True:
            try:
                data = os.read(self._main, 65536)
            except OSError:  # nobody holds the other side any more
                data = b""
            if not data:
                return self._process.wait(timeout=30), self._said
            self._said += data.decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until it says a text; what came before that is gone then."""
        end = time.monotonic() + 30
        while text not in self._said:
            ready, _, _ = select.select([self._main], [], [], max(end - time.monotonic(), 0))
            assert ready, self._said
            self._said += os.read(self._main, 65536).decode(errors="replace")
        self._said = self._said.partition(text)[2]
