"""Files that come in pieces and in any order, kept for the next process when this one is killed.

::

    tmp/<process>-part-<key>        the bytes, then a record for each piece that came: its place and its length
    tmp/<process>-part-<key>-all    the bytes

Without a process before it, it is one that nobody works on. What is in such a file is as little to be believed as what
comes: whoever has all of one verifies it.
"""

from __future__ import annotations

import os
import stat
import struct
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path

from interlock.store.kept_parts import PART_NAME
from interlock.store.layout import Layout
from interlock.store.space import named

__all__ = ["PartialFile"]

_RECORD = struct.Struct("<QQ")
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MOST_RECORDS = 1 << 20


class PartialFile:
    """A file of this process. Every method blocks; :meth:`write` may be called by several threads."""

    def __init__(self, path: Path, handle: int, length: int, got: list[tuple[int, int]]) -> None:
        self.path = path
        self.got = got
        """What an earlier process left of it: from where to where, in their order and without overlaps."""
        self._handle = handle
        self._length = length
        size = os.fstat(handle).st_size
        self._records = count(max(0, -(-(size - length) // _RECORD.size)))

    def __repr__(self) -> str:
        return f"<PartialFile {self.path.name} of {self._length} bytes>"

    @classmethod
    def new(cls, layout: Layout, key: str, length: int) -> PartialFile:
        """An empty one; two of one key get in nobody's way, and only one of them is kept."""
        layout.prepare()
        path = layout.tmp / f"{os.getpid()}-part-{key}"
        try:
            handle = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            handle, name = tempfile.mkstemp(dir=layout.tmp, prefix=f"{os.getpid()}-")
            path = Path(name)
        return cls(path, handle, length, [])

    @classmethod
    def left(cls, path: Path, key: str, length: int) -> PartialFile | None:
        """One that nobody works on, made this process's own; None when another one was quicker, or it is none."""
        match = PART_NAME.fullmatch(path.name)
        mine = path.with_name(f"{os.getpid()}-part-{key}{match[3] or ''}" if match else path.name)
        try:
            path.rename(mine)
            handle = os.open(mine, _FLAGS)
        except OSError:
            return None
        got = _read_records(handle, length, whole=mine.name.endswith("-all"))
        if got is None:
            os.close(handle)
            with suppress(OSError):
                mine.unlink()
            return None
        return cls(mine, handle, length, got)

    def write(self, at: int, piece: memoryview) -> None:
        """Put a piece in its place; it is noted after it is there."""
        with named(self.path):
            begin, length = at, len(piece)
            while piece:
                written = os.pwrite(self._handle, piece, at)
                piece, at = piece[written:], at + written
            os.pwrite(self._handle, _RECORD.pack(begin, length), self._length + next(self._records) * _RECORD.size)

    def end(self) -> None:
        """All of it is there: it is its bytes and nothing else from now on."""
        with named(self.path):
            os.ftruncate(self._handle, self._length)
            if PART_NAME.fullmatch(self.path.name) and not self.path.name.endswith("-all"):
                self.path = self.path.rename(self.path.with_name(f"{self.path.name}-all"))

    def leave(self) -> None:
        """Keep it for whoever asks for it next."""
        os.close(self._handle)
        match = PART_NAME.fullmatch(self.path.name)
        with suppress(OSError):
            if match is None:
                self.path.unlink()
            else:
                self.path.rename(self.path.with_name(f"part-{match[2]}{match[3] or ''}"))

    def drop(self) -> None:
        os.close(self._handle)
        with suppress(FileNotFoundError):
            self.path.unlink()


def _read_records(handle: int, length: int, *, whole: bool) -> list[tuple[int, int]] | None:
    """What came, None for what cannot be such a file."""
    about = os.fstat(handle)
    size = about.st_size - length
    if whole:
        return [(0, length)] if size == 0 and stat.S_ISREG(about.st_mode) else None
    if not stat.S_ISREG(about.st_mode) or not 0 < size <= _MOST_RECORDS * _RECORD.size:
        return None
    data = os.pread(handle, size - size % _RECORD.size, length)
    found: list[tuple[int, int]] = []
    for at, piece in sorted(_RECORD.iter_unpack(data)):
        if at + piece > length:
            return None
        begin = max(at, found[-1][1]) if found else at
        if at + piece <= begin:
            continue
        if found and begin == found[-1][1]:
            found[-1] = (found[-1][0], at + piece)
        else:
            found.append((begin, at + piece))
    return found
