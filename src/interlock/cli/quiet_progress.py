"""Progress away from a terminal: warnings only, and with ``-v`` a line for each finished item."""

from __future__ import annotations

from interlock.cli.render import Terminal
from interlock.events import Advanced, Event, Noted, Warned

__all__ = ["QuietReporter"]


class QuietReporter:
    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __repr__(self) -> str:
        return f"<QuietReporter {self._terminal!r}>"

    def report(self, event: Event, /) -> None:
        if isinstance(event, Warned):
            self._terminal.warn(event.message, event.code)
        elif isinstance(event, Advanced) and event.done:
            self._terminal.detail(f"{event.phase}: {event.item}")
        elif isinstance(event, Noted):
            self._terminal.detail(event.message)

    def close(self) -> None:
        """Nothing is held back."""
