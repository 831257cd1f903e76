"""Frames of a job as an answer that goes on: lines for the command line, events for a page (SSE, the HTML standard)."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from interlock.service.protocol import EVENTS, NDJSON

__all__ = ["EventStream", "FrameStream", "event_of"]

_LEVEL = 3
_GZIP = 31
"""Of zlib: with the header and the checksum of gzip."""
_AGAIN = 2000
"""Milliseconds after which a page whose connection broke asks again."""


class FrameStream(Response):
    """Frames as they come, a line each, until the last one or until nobody listens."""

    media_type = NDJSON

    def __init__(self, frames: AsyncGenerator[bytes, None], headers: dict[str, str], *, is_packed: bool) -> None:
        super().__init__(headers=headers, media_type=self.media_type)
        del self.headers["content-length"]
        self._frames = frames
        self._packing = zlib.compressobj(_LEVEL, wbits=_GZIP) if is_packed else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            async with aclosing(self._frames) as frames:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for line in frames:
                    await send(
                        {"type": "http.response.body", "body": self._packed(self.shaped(line)), "more_body": True}
                    )
                rest = self._packing.flush() if self._packing is not None else b""
                await send({"type": "http.response.body", "body": rest, "more_body": False})
            tasks.cancel_scope.cancel()

    def shaped(self, line: bytes) -> bytes:
        """A frame as it goes out."""
        return line + b"\n"

    def _packed(self, data: bytes) -> bytes:
        """Data so that it can be read before the next comes."""
        if self._packing is None:
            return data
        return self._packing.compress(data) + self._packing.flush(zlib.Z_SYNC_FLUSH)


class EventStream(FrameStream):
    """The same as events, which have the frame as data and its type as their name."""

    media_type = EVENTS

    def shaped(self, line: bytes) -> bytes:
        return event_of(line)


class _Tagged(msgspec.Struct):
    type: str


_TAGS = msgspec.json.Decoder(_Tagged)


def event_of(line: bytes) -> bytes:
    """A frame as an event; what only shows that somebody is there is a comment.

    >>> event_of(b'{"type":"beat"}')
    b': beat\\n\\n'
    >>> event_of(b'{"type":"unchanged"}')
    b'event: unchanged\\nretry: 2000\\ndata: {"type":"unchanged"}\\n\\n'
    """
    name = _TAGS.decode(line).type
    if name == "beat":
        return b": beat\n\n"
    # JSON on one line has no line break in it, so that it is one line of data.
    return b"event: %s\nretry: %d\ndata: %s\n\n" % (name.encode(), _AGAIN, line)
