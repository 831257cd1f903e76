"""METADATA out of the end of a wheel (APPNOTE 6.3: end record, central directory, zip64).

Pure: given the bytes there are, it says what it found or which bytes it needs.
"""

from __future__ import annotations

import struct
import zlib

import msgspec

from interlock.core.names import normalize_name

__all__ = ["MoreNeeded", "NotAWheel", "find_metadata"]

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_AROUND = 32 << 10
"""METADATA is usually among the last entries, just before the central directory: read a little more than asked."""
_LARGEST = 64 << 20


class MoreNeeded(msgspec.Struct, frozen=True):
    """Bytes from ``start`` up to what is there already."""

    start: int


class NotAWheel(Exception):  # noqa: N818 - internal signal; the caller turns it into an outcome
    """The bytes are no wheel's."""


def find_metadata(tail: bytes, start: int, filename: str) -> bytes | MoreNeeded:
    """The METADATA of a wheel of which the bytes from ``start`` to the end are known.

    Raises :class:`NotAWheel`.
    """
    directory, size = _directory(tail, start)
    if isinstance(directory, MoreNeeded):
        return directory
    if directory < start:
        return MoreNeeded(max(0, directory - _AROUND))
    entry = _find(tail, directory - start, size, filename)
    if entry.offset < start:
        return MoreNeeded(entry.offset)
    return _inflate(tail, entry, start)


class _Entry(msgspec.Struct, frozen=True):
    offset: int
    packed: int
    size: int
    method: int
    crc: int


def _directory(tail: bytes, start: int) -> tuple[int | MoreNeeded, int]:
    """Offset and size of the central directory."""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise NotAWheel("it has no end-of-directory record")
    *_, size, offset, _comment = _END.unpack_from(tail, at)
    if offset != 0xFFFFFFFF and size != 0xFFFFFFFF:
        return offset, size
    locator = at - _END64_LOCATOR.size
    if locator < 0 or tail[locator : locator + 4] != b"PK\x06\x07":
        raise NotAWheel("its zip64 record is missing")
    record = _END64_LOCATOR.unpack_from(tail, locator)[2]
    if record < start:
        return MoreNeeded(record), 0
    if record - start + _END64.size > len(tail) or tail[record - start : record - start + 4] != b"PK\x06\x06":
        raise NotAWheel("its zip64 record is damaged")
    fields = _END64.unpack_from(tail, record - start)
    return fields[9], fields[8]


def _find(tail: bytes, at: int, size: int, filename: str) -> _Entry:
    wanted = normalize_name(filename.partition("-")[0])
    end = at + size
    if end > len(tail):
        raise NotAWheel("its directory is damaged")
    while at + _CENTRAL.size <= end:
        fields = _CENTRAL.unpack_from(tail, at)
        if fields[0] != b"PK\x01\x02":
            raise NotAWheel("its directory is damaged")
        name_length, extra_length, comment_length = fields[10], fields[11], fields[12]
        begin = at + _CENTRAL.size
        name = tail[begin : begin + name_length]
        if name.endswith(b".dist-info/METADATA") and name.count(b"/") == 1:
            folder = name.decode("utf-8", "replace").partition("/")[0]
            if normalize_name(folder.removesuffix(".dist-info").rpartition("-")[0]) == wanted:
                extra = tail[begin + name_length : begin + name_length + extra_length]
                offset, packed, full = _large(fields[16], fields[8], fields[9], extra)
                return _Entry(offset, packed, full, fields[4], fields[7])
        at = begin + name_length + extra_length + comment_length
    raise NotAWheel("it has no METADATA")


def _large(offset: int, packed: int, size: int, extra: bytes) -> tuple[int, int, int]:
    """Values that do not fit 32 bits are in the zip64 extra field, in a fixed order."""
    if 0xFFFFFFFF not in (offset, packed, size):
        return offset, packed, size
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            numbers = [value for (value,) in struct.iter_unpack("<Q", extra[at + 4 : at + 4 + length // 8 * 8])]
            taken = [numbers.pop(0) if value == 0xFFFFFFFF and numbers else value for value in (size, packed, offset)]
            return taken[2], taken[1], taken[0]
        at += 4 + length
    raise NotAWheel("its zip64 entry is damaged")


def _inflate(tail: bytes, entry: _Entry, start: int) -> bytes:
    at = entry.offset - start
    if at + _LOCAL.size > len(tail) or tail[at : at + 4] != b"PK\x03\x04":
        raise NotAWheel("its METADATA is damaged")
    fields = _LOCAL.unpack_from(tail, at)
    begin = at + _LOCAL.size + fields[9] + fields[10]
    packed = tail[begin : begin + entry.packed]
    if len(packed) != entry.packed or entry.size > _LARGEST:
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
