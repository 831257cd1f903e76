"""Rendered pages, kept while they are asked for: a page of thousands of files is made once for all who read it."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable

import anyio
import anyio.to_thread
import msgspec

from interlock.index.once import Flights

__all__ = ["Body", "Rendered"]

_SMALL = 32 << 10
"""Bytes up to which a page is made at once; larger ones are made beside what else there is to do."""


class Body(msgspec.Struct, frozen=True):
    """A page as bytes."""

    plain: bytes
    packed: bytes
    """With gzip; empty where that is no gain."""
    etag: str
    """Of the plain form."""
    packed_etag: str


class Rendered:
    """The last pages that were asked for, up to a number of bytes."""

    def __init__(self, most: int = 64 << 20) -> None:
        self._most = most
        self._size = 0
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        self._flights: Flights[Hashable, Body] = Flights()

    def __repr__(self) -> str:
        return f"<Rendered [{len(self._bodies)} pages, {self._size} bytes]>"

    async def get(self, key: Hashable, size: int, render: Callable[[], bytes]) -> Body:
        """The page for a key, which changes whenever the page does; ``size`` is about what it will have."""
        found = self._bodies.get(key)
        if found is not None:
            self._bodies.move_to_end(key)
            return found

        async def make() -> Body:
            body = _made(render) if size < _SMALL else await anyio.to_thread.run_sync(_made, render)
            self._keep(key, body)
            return body

        return await self._flights.get(key, make)

    def _keep(self, key: Hashable, body: Body) -> None:
        self._bodies[key] = body
        self._size += len(body.plain) + len(body.packed)
        while self._size > self._most and len(self._bodies) > 1:
            _, old = self._bodies.popitem(last=False)
            self._size -= len(old.plain) + len(old.packed)


def _made(render: Callable[[], bytes]) -> Body:
    plain = render()
    packed = gzip.compress(plain, 5, mtime=0)
    if len(packed) >= len(plain):
        packed = b""
    digest = hashlib.sha256(plain).hexdigest()[:32]
    return Body(plain, packed, f'"{digest}"', f'"{digest}-gzip"')
