"""Files on their way: fetched once, handed on to everybody who wants them while they come, and stored when they turn
out to be what was promised.

What is handed on stays behind what has come, so that the end of a file is never seen before all of it was verified: a
file that is not what it should be breaks off.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.core.artifacts.artifact import Artifact
from interlock.core.sources.hashes import pairs
from interlock.index.failures import SizeMismatch, TooLarge
from interlock.index.fetcher import FetchFailed
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Layout
from interlock.store.replace import move_file
from interlock.store.space import named

__all__ = ["Arrival"]

_BATCH = 256 << 10
"""Bytes that are written and read at once."""
_BEHIND = 64 << 10
"""Bytes at the end that wait until all is verified."""


class Arrival:
    """One file. It is a sink for one body; who reads it may come and go."""

    def __init__(self, layout: Layout, artifact: Artifact, reserve: Callable[[int], None]) -> None:
        self.artifact = artifact
        self.size = artifact.size
        """Bytes it will have, as far as is known."""
        self._layout = layout
        self._reserve = reserve
        self._hashes = {
            name: hashlib.new(name, usedforsecurity=False)
            for name in dict.fromkeys(("sha256", *(name for name, _ in pairs(artifact.hashes))))
        }
        self._pending = bytearray()
        self._written = 0
        self._handle = -1
        self._path: Path | None = None
        self._done = False
        self._over = False
        self._error: BaseException | None = None
        self._news = anyio.Event()

    def __repr__(self) -> str:
        return f"<Arrival of {self.artifact.filename}: {self._written} of {self.size} bytes>"

    async def feed(self, chunk: bytes) -> None:
        if self._over:
            raise FetchFailed("broken", "it came a second time, after a part of it was handed on")
        self._pending += chunk
        total = self._written + len(self._pending)
        if self.artifact.size is not None and total > self.artifact.size:
            raise SizeMismatch(self.artifact.filename, self.artifact.size, total)
        most = self._layout.limits.file_size
        if total > most:
            raise TooLarge(self.artifact.filename, f"it has more than {most} bytes", "file_size")
        if len(self._pending) >= _BATCH:
            await anyio.to_thread.run_sync(self._flush)
            self._tell()

    def discard(self) -> None:
        """Forget what came. What was handed on cannot be taken back, so nothing may come after it."""
        self._over = self._written > 0
        self._pending = bytearray()

    async def store(self, target: Path) -> None:
        """Verify all that came, and put it where it belongs."""
        await anyio.to_thread.run_sync(self._store, target)
        self._done = True
        self._tell()

    def is_at(self, path: Path) -> None:
        """It is here already, whole and verified."""
        self._path, self._written, self._done = path, path.stat().st_size, True
        self._tell()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._close()
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()
        self._tell()

    async def begun(self) -> None:
        """Wait until there is something to hand on. Raises what kept it from coming."""
        while not self._ready and not self._done and self._error is None:
            await self._news.wait()
        if self._error is not None and not self._ready:
            raise self._error

    async def finished(self) -> None:
        """Wait until it is stored. Raises what kept it from being."""
        while not self._done and self._error is None:
            await self._news.wait()
        if self._error is not None:
            raise self._error

    async def read(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes]:
        """The bytes from one place to another, as they come. Raises what went wrong meanwhile."""
        await self.begun()
        handle = await anyio.to_thread.run_sync(self._open)
        try:
            while stop is None or start < stop:
                ready = self._ready
                if start < ready:
                    length = min(_BATCH, (ready if stop is None else min(ready, stop)) - start)
                    piece = await anyio.to_thread.run_sync(os.pread, handle, length, start)
                    start += len(piece)
                    yield piece
                elif self._error is not None:
                    raise self._error
                elif self._done:
                    return
                else:
                    await self._news.wait()
        finally:
            os.close(handle)

    @property
    def _ready(self) -> int:
        return self._written if self._done else max(0, self._written - _BEHIND) if self._error is None else 0

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()

    def _open(self) -> int:
        assert self._path is not None
        try:
            return os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            # It failed, or moved to where it belongs, since somebody looked.
            if self._error is not None:
                raise self._error from None
            return os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def _flush(self) -> None:
        self._reserve(len(self._pending))
        if self._handle < 0:
            self._layout.prepare()
            self._handle, name = tempfile.mkstemp(dir=self._layout.tmp, prefix="arriving-")
            self._path = Path(name)
        for hashed in self._hashes.values():
            hashed.update(self._pending)
        with named(self._path or self._layout.tmp):
            view = memoryview(self._pending)
            while view:
                view = view[os.write(self._handle, view) :]
            view.release()
        self._written += len(self._pending)
        self._pending = bytearray()

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _store(self, target: Path) -> None:
        self._flush()
        self._verify()
        self._close()
        assert self._path is not None
        move_file(self._path, target)
        self._path = target

    def _verify(self) -> None:
        artifact = self.artifact
        promised = [("sha256", artifact.sha256)] if artifact.sha256 else pairs(artifact.hashes)
        for algorithm, digest in promised:
            actual = self._hashes[algorithm].hexdigest()
            if actual != digest:
                raise DigestMismatch(artifact.filename, digest, actual, algorithm=algorithm)
        if artifact.size is not None and artifact.size != self._written:
            raise SizeMismatch(artifact.filename, artifact.size, self._written)
