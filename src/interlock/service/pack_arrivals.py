"""The files of a pack while they come, in parts and in any order; none is believed before it is whole and verified."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import anyio.to_thread

from interlock.index.fetcher import FetchFailed
from interlock.packs.header import Entry
from interlock.store.layout import Layout
from interlock.store.partial_files import PartialFile

__all__ = ["ArrivingFrame", "PackPart", "Spread", "parts_of"]

_SMALL = 256 << 10
"""Bytes up to which a file stays in memory, and comes anew when its process is killed."""
_LARGEST_PART, _SMALLEST_PART = 8 << 20, 256 << 10
_PARTS = 4
"""For each connection, so that none waits long for the last one."""


class ArrivingFrame:
    """One file: each of its bytes comes once, be it to a process that was killed before this one."""

    def __init__(self, entry: Entry, layout: Layout) -> None:
        self.entry = entry
        self._layout = layout
        self._missing = entry.length
        self._data = bytearray(entry.length) if entry.length <= _SMALL else bytearray()
        self._file: PartialFile | None = None
        self._lost = False
        self._writers = 0

    def __repr__(self) -> str:
        return f"<ArrivingFrame {self.entry.sha256[:8]}: {self._missing} of {self.entry.length} bytes to come>"

    @property
    def key(self) -> str:
        """What the parts of this very frame are known by."""
        entry = self.entry
        parts = ("frame 1", entry.sha256, entry.form, str(entry.length), entry.tree, entry.base)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def is_whole(self) -> bool:
        return self._missing == 0 and not self._lost

    @property
    def is_resumed(self) -> bool:
        """Whether some of it came to an earlier process, so that nobody else is to blame for wrong bytes."""
        return self._file is not None and bool(self._file.got)

    def resume(self, left: Path) -> None:
        """Go on with what an earlier process left, if it can be used; blocking."""
        if self.entry.length > _SMALL:
            self._file = PartialFile.left(left, self.key, self.entry.length)
        if self._file is not None:
            self._missing -= sum(stop - start for start, stop in self._file.got)

    def lacking(self) -> list[tuple[int, int]]:
        """What has to come, before anything does: from where to where."""
        places, at = [], 0
        for start, stop in self._file.got if self._file is not None else ():
            places.append((at, start))
            at = stop
        return [(start, stop) for start, stop in (*places, (at, self.entry.length)) if start < stop]

    async def write(self, at: int, piece: memoryview) -> bool:
        """Take a piece; whether it was the last one."""
        if self._lost:
            return False
        if self.entry.length <= _SMALL:
            self._data[at : at + len(piece)] = piece
        else:
            await self._write_down(at, piece)
        self._missing -= len(piece)
        return self.is_whole

    def content(self) -> bytes | Path:
        """All of it, once it is whole; a file is there until this is lost."""
        if self._file is None:
            return bytes(self._data)
        self._file.end()
        return self._file.path

    def lose(self) -> None:
        """Forget what came, and what will come."""
        self._lost = True
        self._data = bytearray()
        self._close(keeps=False)

    def leave(self) -> None:
        """Forget it, and keep what came for who asks for this frame next."""
        self._lost = True
        self._close(keeps=True)

    async def _write_down(self, at: int, piece: memoryview) -> None:
        if self._file is None:
            self._file = PartialFile.new(self._layout, self.key, self.entry.length)
        self._writers += 1
        try:
            await anyio.to_thread.run_sync(self._file.write, at, piece)
        finally:
            self._writers -= 1
            if self._lost:
                self._close(keeps=False)

    def _close(self, *, keeps: bool) -> None:
        """Unless somebody writes, who does it afterwards: a number of a closed file may be another one's by then."""
        if self._file is not None and not self._writers:
            if keeps:
                self._file.leave()
            else:
                self._file.drop()
            self._file = None


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

    def lacking(self) -> list[tuple[int, int]]:
        """Which bytes of the pack have to come, before any do."""
        begins = ((frame, self._head + frame.entry.offset) for frame in self._frames)
        return [(begin + start, begin + stop) for frame, begin in begins for start, stop in frame.lacking()]

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


def parts_of(places: Iterable[tuple[int, int]], connections: int) -> list[tuple[int, int]]:
    """The parts that some of a pack is fetched in, in their order; places are where it begins and ends, in their order.

    >>> parts_of([], 4), parts_of([(100, 200), (200, 300 << 10), (400 << 10, 401 << 10)], 2)
    ([], [(100, 262244), (262244, 307200), (409600, 410624)])
    """
    joined: list[tuple[int, int]] = []
    for start, stop in places:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    total = sum(stop - start for start, stop in joined)
    size = min(_LARGEST_PART, max(_SMALLEST_PART, total // (connections * _PARTS)))
    return [(at, min(at + size, stop)) for start, stop in joined for at in range(start, stop, size)]
