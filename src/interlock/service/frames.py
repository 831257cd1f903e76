"""Frames as a client reads them: lines of a stream, each of which shows that somebody is there."""

from __future__ import annotations

import anyio
import msgspec

from interlock.events import Noted, Reporter, Warned
from interlock.service.protocol import FIRST_FRAME, LAST_FRAMES, SILENCE, Frame, Progress, decode_frame

__all__ = ["FrameReader", "NoFrame"]


_TURN = 0.05
"""Seconds."""


class NoFrame(Exception):
    """What came is none of the frames that there are."""


class FrameReader:
    """A :class:`~interlock.index.fetcher.Sink`."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._rest: list[bytes] = []
        self._left = FIRST_FRAME
        """Seconds until a silence has been too long."""
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
        self._left = SILENCE

    async def silence(self) -> None:
        """Returns when nothing has come for too long.

        Only time counts in which this process had its turns: on a machine that is busy beyond its means, what has come
        may lie there unread, and that is no silence.
        """
        while self._left > 0:
            await anyio.sleep(_TURN)
            self._left -= _TURN
