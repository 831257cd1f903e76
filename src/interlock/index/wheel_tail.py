"""METADATA and the names of files out of the end of a wheel (APPNOTE 6.3: end record, central directory, zip64).

Pure: given the bytes there are, it says what it found or which bytes it needs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from interlock.core.names import normalize_name
from interlock.core.settings.limits import DEFAULT, Limits, is_plausible_text
from interlock.store.zip_records import END, END64, END64_LOCATOR, LARGE, LOCAL, CutOff, find_end, read_entry

__all__ = ["MoreNeeded", "NotAWheel", "Pieces", "find_metadata", "find_names"]

_AROUND = 32 << 10
"""METADATA is usually among the last entries, just before the central directory: read a little more than asked."""
_SLACK = 512
"""A local header's extra field may be longer than the directory's, and its length is unknown before it is read."""


class MoreNeeded(msgspec.Struct, frozen=True):
    """Bytes of the file that have to be known before the search can go on."""

    start: int
    stop: int


class NotAWheel(Exception):
    """The bytes are no wheel's."""


class _Missing(Exception):
    def __init__(self, needed: MoreNeeded) -> None:
        self.needed = needed


class Pieces:
    """The parts of a file that are known; some wheels have their METADATA far from the end."""

    def __init__(self) -> None:
        self._parts: dict[int, bytes] = {}
        self.total = 0
        """Size of the file, as far as is known."""

    def __repr__(self) -> str:
        return f"<Pieces {[(start, len(part)) for start, part in self._parts.items()]}>"

    def add(self, start: int, data: bytes) -> None:
        """Learn the bytes from ``start``; joined to the part that follows them, if that is known."""
        self._parts[start] = data + self._parts.pop(start + len(data), b"")
        self.total = max(self.total, start + len(self._parts[start]))

    @property
    def tail(self) -> tuple[int, bytes]:
        """The part that reaches the end."""
        start = max(self._parts)
        return start, self._parts[start]

    def read(self, start: int, size: int, *, before: int = 0, after: int = 0) -> bytes:
        """Known bytes; fewer at the end of the file. ``before`` and ``after``: what to fetch besides, if anything."""
        stop = min(start + size, self.total)
        for first, part in self._parts.items():
            if first <= start and stop <= first + len(part):
                return part[start - first : stop - first]
        tail = self.tail[0]
        stop = min(stop + after, self.total)
        raise _Missing(MoreNeeded(max(0, start - before), tail if start < tail <= stop else stop))


def find_metadata(pieces: Pieces, filename: str, limits: Limits = DEFAULT) -> bytes | MoreNeeded:
    """The METADATA of a wheel of which at least the end is known.

    Raises :class:`NotAWheel`.
    """
    try:
        offset, size = _directory(pieces)
        entry = _find(pieces.read(offset, size, before=_AROUND), filename)
        if entry.size > limits.metadata_size or not is_plausible_text(entry.size, entry.packed):
            raise NotAWheel(f"its METADATA would have {entry.size} bytes, which is not plausible")
        return _inflate(pieces, entry)
    except _Missing as missing:
        return missing.needed


def find_names(pieces: Pieces, filename: str, limits: Limits = DEFAULT) -> bytes | MoreNeeded:
    """The names of the files in a wheel of which at least the end is known, one a line.

    Raises :class:`NotAWheel`.
    """
    del filename
    try:
        offset, size = _directory(pieces)
        if size > limits.metadata_size:
            raise NotAWheel(f"its directory would have {size} bytes, which is not plausible")
        directory = pieces.read(offset, size)
    except _Missing as missing:
        return missing.needed
    return b"\n".join(name for name in _names(directory) if b"\n" not in name)


def _names(directory: bytes) -> Iterator[bytes]:
    at = 0
    try:
        while at < len(directory):
            found = read_entry(directory, at)
            yield found.name
            at = found.after
    except CutOff as error:
        raise NotAWheel(str(error)) from error


class _Entry(msgspec.Struct, frozen=True):
    offset: int
    packed: int
    size: int
    method: int
    crc: int
    header: int
    """Length of its header, guessed generously."""


def _directory(pieces: Pieces) -> tuple[int, int]:
    """Offset and size of the central directory."""
    tail = pieces.tail[1]
    at = find_end(tail)
    if at < 0:
        raise NotAWheel("it has no end-of-directory record")
    *_, size, offset, _comment = END.unpack_from(tail, at)
    if LARGE not in {offset, size}:
        return offset, size
    locator = at - END64_LOCATOR.size
    if locator < 0 or tail[locator : locator + 4] != b"PK\x06\x07":
        raise NotAWheel("its zip64 record is missing")
    record = pieces.read(END64_LOCATOR.unpack_from(tail, locator)[2], END64.size)
    if len(record) < END64.size or record[:4] != b"PK\x06\x06":
        raise NotAWheel("its zip64 record is damaged")
    fields = END64.unpack(record)
    return fields[9], fields[8]


def _find(directory: bytes, filename: str) -> _Entry:
    wanted = normalize_name(filename.partition("-")[0])
    at = 0
    try:
        while at < len(directory):
            found = read_entry(directory, at)
            name = found.name
            if name.endswith(b".dist-info/METADATA") and name.count(b"/") == 1:
                folder = name.decode("utf-8", "replace").partition("/")[0]
                if normalize_name(folder.removesuffix(".dist-info").rpartition("-")[0]) == wanted:
                    header = found.after - at + _SLACK
                    return _Entry(found.offset, found.packed, found.size, found.method, found.crc, header)
            at = found.after
    except CutOff as error:
        raise NotAWheel(str(error)) from error
    raise NotAWheel("it has no METADATA")


def _inflate(pieces: Pieces, entry: _Entry) -> bytes:
    header = pieces.read(entry.offset, LOCAL.size, after=entry.header + entry.packed)
    if len(header) < LOCAL.size or header[:4] != b"PK\x03\x04":
        raise NotAWheel("its METADATA is damaged")
    fields = LOCAL.unpack(header)
    packed = pieces.read(entry.offset + LOCAL.size + fields[9] + fields[10], entry.packed)
    if len(packed) != entry.packed:
        raise NotAWheel("its METADATA is damaged")
    if entry.method == 0:
        data = packed
    elif entry.method == 8:
        try:
            data = zlib.decompressobj(-15).decompress(packed, entry.size + 1)
        except zlib.error as error:
            raise NotAWheel("its METADATA is damaged") from error
    else:
        raise NotAWheel(f"its METADATA is compressed in an unknown way ({entry.method})")
    if len(data) != entry.size or zlib.crc32(data) != entry.crc:
        raise NotAWheel("its METADATA is damaged")
    return data
