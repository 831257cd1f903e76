"""Frames as a client reads them: lines of a stream, each of which shows that somebody is there."""

from __future__ import annotations

import anyio
import msgspec

from interlock.events import Noted, Reporter, Warned
from interlock.service.protocol import LAST_FRAMES, SILENCE, Frame, Progress, decode_frame

__all__ = ["FrameReader", "NoFrame"]


class NoFrame(Exception):
    """What came is none of the frames that there are."""


class FrameReader:
    """A :class:`~interlock.index.fetcher.Sink`; moves the deadline of ``patience`` with each frame."""

    def __init__(self, patience: anyio.CancelScope, reporter: Reporter) -> None:
        self._patience = patience
        self._reporter = reporter
        self._rest: list[bytes] = []
        self.began = False
        self.last: Frame | None = None
        """What came of it, once that is known."""

    def __repr__(self) -> str:
        return f"<FrameReader last={type(self.last).__name__}>"

    async def feed(self, chunk: bytes) -> None:
        """Raises :class:`NoFrame`."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._take(b"".join((*self._rest, line)))
            self._rest = []
        if rest:
            # A long frame comes in pieces; while they come, somebody is there.
            self._rest.append(rest)
            self._wait()

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            frame = decode_frame(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NoFrame from error
        self._wait()
        if isinstance(frame, Progress):
            # What a service warns of is about its own affairs, not about this command's.
            event = frame.event
            self._reporter.report(Noted(event.message) if isinstance(event, Warned) else event)
        elif isinstance(frame, LAST_FRAMES):
            self.last = frame

    def _wait(self) -> None:
        self.began = True
        self._patience.deadline = anyio.current_time() + SILENCE
