"""Events for programs (``--log-json``): one JSON object per line on stderr, and nothing else there but
the output of other programs. A command that fails ends with the event ``failed`` and its error."""

from __future__ import annotations

import threading
import time

import msgspec

from interlock.cli.render import Terminal
from interlock.errors import redact
from interlock.events import Event, Noted, Warned

__all__ = ["EventLog"]


class EventLog:
    """Writes every event with the seconds since the command began; safe to call from worker threads."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._begun = time.monotonic()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "<EventLog>"

    def report(self, event: Event, /) -> None:
        line = msgspec.to_builtins(event)
        line = {"event": line.pop("event"), "seconds": round(time.monotonic() - self._begun, 3), **line}
        if isinstance(event, Warned | Noted):
            line["message"] = redact(event.message)
        with self._lock:
            self._terminal.log(msgspec.json.encode(line).decode())

    def close(self) -> None:
        """Nothing is held back."""
