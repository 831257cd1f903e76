"""A service in a process of its own, as people start it; ended whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx

from tests.processes import mortal, program

__all__ = ["RunningService", "running_service"]

_STARTED = 30.0
_ENDED = 30.0


class RunningService:
    """``url`` and ``token`` are what it wrote for its clients; ``events`` what it has logged."""

    def __init__(self, process: subprocess.Popen[str], data: Path) -> None:
        self.process = process
        self.data = data
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        for stream, take in ((process.stdout, self._take_line), (process.stderr, self._take_event)):
            assert stream is not None
            threading.Thread(target=_read, args=(stream, take), daemon=True).start()
        self.url = ""
        self.token = ""

    def __repr__(self) -> str:
        return f"<RunningService {self.url}>"

    def started(self) -> RunningService:
        """Wait for what it tells its clients."""
        self.url = self._next().removeprefix("export INTERLOCK_SERVICE=").strip()
        with contextlib.suppress(queue.Empty):
            line = self._lines.get(timeout=1.0) or ""
            self.token = line.removeprefix("export INTERLOCK_SERVICE_TOKEN=").strip()
        return self

    def document(self) -> dict[str, Any]:
        """What it tells programs."""
        lines = [self._next()]
        while lines[-1] != "}\n":
            lines.append(self._next())
        document: dict[str, Any] = json.loads("".join(lines))
        return document

    def client(self, token: str | None = None) -> httpx.Client:
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def make_token(self, *arguments: str) -> str:
        line = [*program(), "serve", "token", "create", "--data", str(self.data), *arguments]
        done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.splitlines()[-1]

    def event(self, name: str, seconds: float = 20.0) -> dict[str, Any]:
        """The first event of a kind, once it has come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for event in list(self.events):
                if event["event"] == name:
                    return event
            time.sleep(0.01)
        raise AssertionError(f"no `{name}` among {self.events}")

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def end(self) -> int:
        """Ask it to end, and wait until it has: its exit code."""
        self.send(signal.SIGTERM)
        return self.process.wait(timeout=_ENDED)

    def _next(self) -> str:
        line = self._lines.get(timeout=_STARTED)
        assert line is not None, self.events
        return line

    def _take_line(self, line: str | None) -> None:
        self._lines.put(line)

    def _take_event(self, line: str | None) -> None:
        if line is not None:
            self.events.append(json.loads(line) if line.startswith("{") else {"event": "said", "text": line})


def _read(stream: IO[str], take: Any) -> None:
    with contextlib.suppress(ValueError):
        for line in stream:
            take(line)
    take(None)


@contextlib.contextmanager
def running_service(data: Path, *arguments: str) -> Iterator[RunningService]:
    """Start ``interlock serve``, and end it with the block."""
    process = subprocess.Popen(
        # With its standard input it ends, when a test run is aborted too.
        mortal("interlock", "serve", "--data", str(data), "--log-json", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield RunningService(process, data)
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=_ENDED)
        _close_streams(process)


def _close_streams(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
