"""A body on its way into the cache: counted, hashed and written aside; nobody sees it before it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.service.refusals import BodyTooLarge
from interlock.service.state.room import Room
from interlock.store.layout import Layout
from interlock.store.space import named

__all__ = ["Arriving", "arriving"]

_BATCH = 1 << 20
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Arriving:
    """``most``: bytes that are taken."""

    def __init__(self, path: Path, room: Room, most: int) -> None:
        self.path = path
        self.size = 0
        self._room = room
        self._most = most
        self._hash = hashlib.sha256()
        self._pending = bytearray()
        self._handle = os.open(path, _CREATE, 0o600)

    def __repr__(self) -> str:
        return f"<Arriving [{self.size} bytes]>"

    @property
    def sha256(self) -> str:
        """Of what has come."""
        return self._hash.hexdigest()

    async def take(self, pieces: AsyncIterator[bytes]) -> None:
        """All of a body. Raises :class:`BodyTooLarge`, :class:`StoreFull` and OSError."""
        async for piece in pieces:
            self.size += len(piece)
            if self.size > self._most:
                raise BodyTooLarge(self._most)
            self._hash.update(piece)
            self._pending += piece
            if len(self._pending) >= _BATCH:
                await anyio.to_thread.run_sync(self._flush)
        await anyio.to_thread.run_sync(self._flush)

    def head(self, line: bytes) -> None:
        """Put something before the body; it counts for neither its size nor its digest."""
        self._pending += line

    def close(self) -> None:
        os.close(self._handle)

    def _flush(self) -> None:
        # Only for what has come: who announces much and sends little drives nobody out.
        self._room.take(len(self._pending))
        with named(self.path):
            view = memoryview(self._pending)
            while view:
                view = view[os.write(self._handle, view) :]
            view.release()
        self._pending = bytearray()


@asynccontextmanager
async def arriving(layout: Layout, room: Room, most: int) -> AsyncIterator[Arriving]:
    """What was not placed when the block ends is deleted."""
    folder = await anyio.to_thread.run_sync(layout.temporary_directory)
    try:
        body = Arriving(folder / "body", room, most)
        try:
            yield body
        finally:
            body.close()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))
