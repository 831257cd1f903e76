"""The records of a zip archive as they lie in its bytes (APPNOTE 6.3); what they say is judged by who reads them.

An archive ends with its directory: an entry for each file, then a record that says where the directory is. What does
not fit 32 bits there is in a record (zip64) before it, or in an extra field of the entry.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = [
    "END",
    "END64",
    "END64_LOCATOR",
    "LARGE",
    "LOCAL",
    "CutOff",
    "Entry",
    "end_record",
    "find_end",
    "read_entry",
    "stored_entry",
    "stored_header",
]

END = struct.Struct("<4s4H2LH")
END64_LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_UNIX = 3
_UTF8 = 0x800
"""The flag of names that are so written."""
_FIRST_DAY = 0x21
"""1 January 1980."""
LARGE = 0xFFFFFFFF
"""Stands for what is in a zip64 record instead."""


class CutOff(ValueError):
    """A record ends in the middle, or is none."""


class Entry(NamedTuple):
    """One of the directory's."""

    host: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    attributes: int
    offset: int
    """Of the local header."""
    name: bytes
    after: int
    """Where the next one begins."""


def find_end(tail: bytes) -> int:
    """Where in the last bytes of an archive the end record is, -1 when it is not there whole."""
    at = tail.rfind(b"PK\x05\x06")
    return at if at + END.size <= len(tail) else -1


def read_entry(data: memoryview | bytes, at: int) -> Entry:
    """The entry of a directory at a position. Raises :class:`CutOff`."""
    if at + _CENTRAL.size > len(data):
        raise CutOff("its central directory is cut off")
    (signature, _, host, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size,
     _, _, attributes, offset) = _CENTRAL.unpack_from(data, at)  # fmt: skip
    if signature != b"PK\x01\x02":
        raise CutOff("its central directory is damaged")
    begin = at + _CENTRAL.size
    end = begin + name_size
    if LARGE in {packed, size, offset}:
        size, packed, offset = _large(bytes(data[end : end + extra_size]), size, packed, offset)
    name = bytes(data[begin:end])
    return Entry(host, flags, method, crc, packed, size, attributes, offset, name, end + extra_size + comment_size)


def stored_entry(name: bytes, crc: int, size: int, offset: int, *, mode: int) -> bytes:
    """The entry of a file that is stored as it is, under a name in UTF-8, on the first day there is."""
    return (
        _CENTRAL.pack(
            b"PK\x01\x02", 20, _UNIX, 20, 0, _UTF8, 0, 0, _FIRST_DAY, crc, size, size, len(name), 0, 0, 0, 0,
            mode << 16, offset,
        )
        + name
    )  # fmt: skip


def stored_header(name: bytes, crc: int, size: int) -> bytes:
    """What stands before the bytes of such a file."""
    return LOCAL.pack(b"PK\x03\x04", 20, _UTF8, 0, 0, _FIRST_DAY, crc, size, size, len(name), 0) + name


def end_record(count: int, size: int, start: int) -> bytes:
    """The end of an archive of few files, whose directory of so many bytes begins at ``start``."""
    return END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0)


def _large(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The values that are too large for the entry, in a fixed order in the extra field of zip64."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            # The field may say that it is longer than what there is.
            count = min(length, len(extra) - at - 4) // 8
            values = iter(struct.unpack_from(f"<{count}Q", extra, at + 4))
            try:
                size = next(values) if size == LARGE else size
                packed = next(values) if packed == LARGE else packed
                offset = next(values) if offset == LARGE else offset
            except StopIteration as error:
                raise CutOff("a zip64 field is cut off") from error
            break
        at += 4 + length
    return size, packed, offset
