"""Where a file's bytes go while they come: memory first, a temporary file when they get many, hashed on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import anyio

from interlock.index.failures import SizeMismatch, TooLarge
from interlock.store.layout import Layout
from interlock.store.space import named

__all__ = ["Receiver"]

SMALL = 8 << 20
"""Bytes up to which a file stays in memory."""
_BATCH = 1 << 20


class Receiver:
    """Takes one body. ``data`` or ``path`` is set, never both; nothing is visible to others before it was verified."""

    def __init__(
        self, layout: Layout, *, small: int = SMALL, others: Iterable[str] = (), filename: str = "", most: int = 0
    ) -> None:
        """``others`` are algorithms to hash by besides sha256, which the lock wants of every file.

        ``most`` is how many bytes the file says it has; 0: what the limits allow.
        """
        self._layout = layout
        self._filename = filename
        self._most = most
        self._small = small
        self._pending = bytearray()
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in dict.fromkeys(("sha256", *others))}
        self._handle = -1
        self._digest = ""
        self.path: Path | None = None
        self.size = 0

    def __repr__(self) -> str:
        return f"<Receiver [{self.size} bytes in {self.path or 'memory'}]>"

    async def feed(self, chunk: bytes) -> None:
        self._pending += chunk
        self.size += len(chunk)
        if self._most and self.size > self._most:
            raise SizeMismatch(self._filename, self._most, self.size)
        if self.size > self._layout.limits.file_size:
            most = self._layout.limits.file_size
            raise TooLarge(self._filename or "A file", f"it has more than {most} bytes", "file_size")
        if self.path is not None:
            if len(self._pending) >= _BATCH:
                await anyio.to_thread.run_sync(self._flush)
        elif self.size > self._small:
            await anyio.to_thread.run_sync(self._spill)

    async def finish(self) -> str:
        """The sha256 of it all; the file, if there is one, is closed."""
        if self._digest:
            return self._digest
        if self.path is not None or len(self._pending) > _BATCH:
            await anyio.to_thread.run_sync(self._close)
        else:
            self._close()
        self._digest = self.digest("sha256")
        return self._digest

    def digest(self, algorithm: str) -> str:
        """The hash of it all, once it is finished, by an algorithm that was asked for."""
        return self._hashes[algorithm].hexdigest()

    @property
    def data(self) -> bytes:
        """What came, when it stayed in memory."""
        return bytes(self._pending)

    @property
    def content(self) -> bytes | Path:
        return self.path if self.path is not None else bytes(self._pending)

    def discard(self) -> None:
        """Forget it all, the temporary file included."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self.path is not None:
            with suppress(FileNotFoundError):
                self.path.unlink()
            self.path = None
        # Not cleared: the traceback of a write that failed may still look at it.
        self._pending = bytearray()

    def _spill(self) -> None:
        self._layout.prepare()
        self._layout.tmp.mkdir(parents=True, exist_ok=True)
        self._handle, name = tempfile.mkstemp(dir=self._layout.tmp)
        self.path = Path(name)
        self._flush()

    def _flush(self) -> None:
        self._update()
        data, self._pending = self._pending, bytearray()
        written = 0
        with named(self.path or self._layout.tmp):
            while written < len(data):
                written += os.write(self._handle, memoryview(data)[written:])

    def _update(self) -> None:
        for hashed in self._hashes.values():
            hashed.update(self._pending)

    def _close(self) -> None:
        if self.path is None:
            self._update()
            return
        if self._pending:
            self._flush()
        os.close(self._handle)
        self._handle = -1
