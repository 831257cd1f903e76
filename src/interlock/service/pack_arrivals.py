"""The files of a pack while they come, in parts and in any order; none is believed before it is whole and verified."""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import anyio.to_thread

from interlock.index.fetcher import FetchFailed
from interlock.packs.header import Entry
from interlock.store.layout import Layout
from interlock.store.space import named

__all__ = ["ArrivingFrame", "PackPart", "Spread", "parts_of"]

_SMALL = 1 << 20
"""Bytes up to which a file stays in memory."""
_LARGEST_PART, _SMALLEST_PART = 8 << 20, 256 << 10
_PARTS = 4
"""For each connection, so that none waits long for the last one."""


class ArrivingFrame:
    """One file: each of its bytes comes once."""

    def __init__(self, entry: Entry, layout: Layout) -> None:
        self.entry = entry
        self._layout = layout
        self._missing = entry.length
        self._data = bytearray(entry.length) if entry.length <= _SMALL else bytearray()
        self._path: Path | None = None
        self._handle = -1
        self._lost = False
        self._writers = 0

    def __repr__(self) -> str:
        return f"<ArrivingFrame {self.entry.sha256[:8]}: {self._missing} of {self.entry.length} bytes to come>"

    async def write(self, at: int, piece: memoryview) -> bool:
        """Take a piece; whether it was the last one."""
        if self._lost:
            return False
        if self.entry.length <= _SMALL:
            self._data[at : at + len(piece)] = piece
        else:
            await self._write_down(at, piece)
        self._missing -= len(piece)
        return self._missing == 0 and not self._lost

    def content(self) -> bytes | Path:
        """All of it, once it is whole; a file is there until this is lost."""
        return bytes(self._data) if self._path is None else self._path

    def lose(self) -> None:
        """Forget what came, and what will come."""
        self._lost = True
        self._data = bytearray()
        self._delete()

    async def _write_down(self, at: int, piece: memoryview) -> None:
        self._open()
        self._writers += 1
        try:
            await anyio.to_thread.run_sync(self._put, at, piece)
        finally:
            self._writers -= 1
            if self._lost:
                self._delete()

    def _open(self) -> None:
        if self._handle < 0:
            self._layout.prepare()
            self._handle, name = tempfile.mkstemp(dir=self._layout.tmp, prefix=f"{os.getpid()}-")
            self._path = Path(name)

    def _put(self, at: int, piece: memoryview) -> None:
        with named(self._path or self._layout.tmp):
            while piece:
                written = os.pwrite(self._handle, piece, at)
                piece, at = piece[written:], at + written

    def _delete(self) -> None:
        """Unless somebody writes, who does it afterwards: a number of a closed file may be another one's by then."""
        if self._path is not None and not self._writers:
            os.close(self._handle)
            with suppress(FileNotFoundError):
                self._path.unlink()
            self._path = None


class Spread:
    """Hands the bytes of a pack to the files that they are of; ``whole`` is told of each that has all."""

    def __init__(self, frames: Sequence[ArrivingFrame], head: int, whole: Callable[[ArrivingFrame], None]) -> None:
        self._frames = frames
        self._head = head
        self._whole = whole

    def __repr__(self) -> str:
        return f"<Spread over {len(self._frames)} files>"

    async def take(self, at: int, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            frame = self.frame_at(at)
            begin = at - self._head - frame.entry.offset
            piece = rest[: frame.entry.length - begin]
            if await frame.write(begin, piece):
                self._whole(frame)
            rest, at = rest[len(piece) :], at + len(piece)

    def frame_at(self, at: int) -> ArrivingFrame:
        """The file that a byte of the pack is of."""
        number = bisect_right(self._frames, at - self._head, key=lambda frame: frame.entry.offset) - 1
        return self._frames[number]

    def end_of(self, frame: ArrivingFrame) -> int:
        return self._head + frame.entry.end


class PackPart:
    """A sink for the bytes of a pack from one place to another, over as many answers as it takes."""

    def __init__(self, place: tuple[int, int], spread: Spread, heard: Callable[[], None]) -> None:
        self.at, self.stop = place
        self._spread = spread
        self._heard = heard

    def __repr__(self) -> str:
        return f"<PackPart {self.at}-{self.stop}>"

    async def feed(self, chunk: bytes) -> None:
        self._heard()
        if self.at + len(chunk) > self.stop:
            raise FetchFailed("large", "it sent more than it was asked for")
        await self._spread.take(self.at, chunk)
        self.at += len(chunk)


def parts_of(start: int, stop: int, connections: int) -> list[tuple[int, int]]:
    """The parts that a pack is fetched in, in their order.

    >>> parts_of(100, 100, 4), parts_of(100, 300 << 10, 2)
    ([], [(100, 262244), (262244, 307200)])
    """
    size = min(_LARGEST_PART, max(_SMALLEST_PART, (stop - start) // (connections * _PARTS)))
    return [(at, min(at + size, stop)) for at in range(start, stop, size)]
