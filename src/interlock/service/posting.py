"""Asking a service for a document: JSON goes out, and JSON comes back behind line feeds that tell that it is made."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import msgspec

from interlock.index.fetcher import FetchFailed, Response
from interlock.index.transport import open_poster
from interlock.service.connection import Connection, Unusable, refusal, refusal_code
from interlock.service.protocol import FIRST_FRAME, SILENCE

__all__ = ["NotOffered", "post"]

_TURN = 0.05
"""Seconds."""


class NotOffered(Exception):
    """The service does not do that, or not for who asks; which is no trouble."""


async def post(connection: Connection, path: str, request: msgspec.Struct, most: int) -> bytes:
    """The document that is the answer, of at most so many bytes. Raises :class:`Unusable` and :class:`NotOffered`."""
    headers = {"accept": "application/json", "content-type": "application/json", "content-encoding": "gzip"}
    headers |= connection.login
    packed = gzip.compress(msgspec.json.encode(request), compresslevel=3, mtime=0)
    poster, listener = open_poster(connection.options), _Listener()
    send = partial(poster.post, f"{connection.base}{path}", headers, packed, listener, most=most)
    try:
        response = await listener.heard(send)
    except FetchFailed as error:
        raise Unusable(error.reason) from error
    finally:
        with anyio.CancelScope(shield=True):
            await poster.close()
    if response.status in {404, 405, 415} or refusal_code(response) == "scope-missing":
        raise NotOffered(refusal(response))
    if response.status != 200:
        raise Unusable(refusal(response))
    return bytes(listener.data)


class _Listener:
    """A sink that notices when nobody speaks."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._left = FIRST_FRAME

    async def feed(self, chunk: bytes) -> None:
        self.data += chunk
        self._left = SILENCE

    async def heard(self, send: Callable[[], Awaitable[Response]]) -> Response:
        """The answer, as long as something comes. Only time counts in which this process had its turns."""
        found: list[Response | FetchFailed] = []

        async def ask() -> None:
            try:
                found.append(await send())
            except FetchFailed as error:
                found.append(error)
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while self._left > 0:
                await anyio.sleep(_TURN)
                self._left -= _TURN
            tasks.cancel_scope.cancel()
        if not found:
            silence = f"said nothing for {SILENCE:.0f} seconds" if self.data else "did not answer within a second"
            raise Unusable(f"it {silence}")
        if isinstance(found[0], FetchFailed):
            raise found[0]
        return found[0]
