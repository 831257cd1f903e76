"""What is kept: a file for each kind, key and space::

    <store>/cache-v1/ab/<key>.<kind>.<space>

One appears complete, at once, or not at all. It is opened once for all that is told of it, so that what is replaced or
dropped meanwhile is still handed on whole.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from interlock.service.cache.spaces import Spaces
from interlock.store.layout import Bucket, Layout
from interlock.store.replace import move_file

__all__ = ["Kept", "Kind", "Opened"]

_PIECE = 256 << 10


class Kind(StrEnum):
    ACTION = "ac"
    """What came of an action, by the digest of all that went in; whatever bytes the client likes."""
    CONTENT = "cas"
    """Bytes by their own SHA-256."""
    ARTIFACT = "artifact"
    """Of a Turborepo task: a line of JSON that says what is known of it, then its bytes."""


class Opened:
    """A file that is kept; who opened it reads or closes it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size - file.tell()

    def __repr__(self) -> str:
        return f"<Opened [{self.size} bytes]>"

    def line(self, most: int) -> bytes:
        """The first line, which is then no part of the rest; blocking."""
        line = self._file.readline(most)
        self.size -= len(line)
        return line

    async def pieces(self) -> AsyncGenerator[bytes]:
        """All of it; then it is closed."""
        try:
            while piece := await anyio.to_thread.run_sync(self._file.read, _PIECE):
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        self._file.close()


class Kept:
    """Every method blocks; keys are judged by who asks."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def __repr__(self) -> str:
        return f"<Kept in {self.layout.bucket(Bucket.CACHE)}>"

    def open(self, kind: Kind, key: str, spaces: Spaces) -> Opened | None:
        """What the first of the spaces has that has anything."""
        for space in spaces.reads:
            with suppress(FileNotFoundError):
                return Opened(open(self._path(kind, key, space), "rb"))
        return None

    def place(self, passing: Path, kind: Kind, key: str, spaces: Spaces, *, anew: bool) -> bool:
        """Move a whole file to where it belongs; with ``anew`` in place of what is there, else False where one is."""
        path = self._path(kind, key, spaces.writes)
        path.parent.mkdir(parents=True, exist_ok=True)
        if anew:
            move_file(passing, path)
            return True
        try:
            # A link is made or is refused: of two who write at once the first one stays.
            os.link(passing, path)
        except FileExistsError:
            return False
        return True

    def drop(self, kind: Kind, key: str) -> int:
        """Delete something from all spaces: how many had it."""
        folder, gone = self.layout.entry(Bucket.CACHE, key).parent, 0
        for path in list(folder.glob(f"{key}.{kind}.*")):
            with suppress(FileNotFoundError):
                path.unlink()
                gone += 1
        return gone

    def _path(self, kind: Kind, key: str, space: str) -> Path:
        entry = self.layout.entry(Bucket.CACHE, key)
        return entry.with_name(f"{entry.name}.{kind}.{space}")
