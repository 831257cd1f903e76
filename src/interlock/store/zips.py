"""Reading zip archives fast and with suspicion (APPNOTE 6.3: central directory, zip64, stored and deflated entries).

The reader works on a buffer (bytes or a memory map), trusts the central directory only, and refuses what a wheel has no
use for: links, encryption, names that leave the archive's root, names that collide, and entries that inflate to more
than they declare.
"""

from __future__ import annotations

import mmap
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Protocol

import msgspec

from interlock.core.settings.limits import DEFAULT, Limits, how_to_raise
from interlock.errors import IntegrityError
from interlock.store.entry_names import length_problem
from interlock.store.zip_records import END, END64, END64_LOCATOR, LARGE, LOCAL, CutOff, find_end, read_entry

try:
    from isal import isal_zlib
except ImportError:  # pragma: no cover - no wheel of isal for this interpreter
    _inflater: ModuleType = zlib
else:
    _inflater = isal_zlib

__all__ = ["BadArchive", "Buffer", "Entry", "inflate", "inflate_pieces", "open_zip", "read_directory"]

Buffer = bytes | memoryview

_LONGEST_COMMENT = 0xFFFF
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8
_UNIX = 3
_LINK, _REGULAR, _DIRECTORY, _KIND = 0o120000, 0o100000, 0o040000, 0o170000
_SUSPICIOUS = 256 << 20
"""Bytes that any archive may unpack to, whatever its own size."""
_SHOWN = 60
_DENSEST, _HARMLESS_SIZE = 1032, 512
"""What deflate can reach, bytes for one byte; an entry that claims more lies, and nothing is reserved for it."""
_InflateError: type[Exception] = _inflater.error
_PIECE = 4 << 20
_FED = 256 << 10
_HARMLESS = 64 << 10
"""Deflated bytes that cannot become more than 66 MB whatever they hold; they take the faster call."""


class BadArchive(IntegrityError):
    """A wheel's archive is damaged, or holds something that must not be unpacked."""

    code = "bad-archive"

    def __init__(self, why: str, *, entry: str = "", filename: str = "", hint: str | None = None) -> None:
        where = f" (entry {entry!r})" if entry else ""
        super().__init__(
            f"{filename or 'The archive'} cannot be unpacked: {why}{where}.",
            hint=hint or "Tell its publisher; a version with a sound file can be asked for instead.",
            facts={"filename": filename, "entry": entry, "why": why},
        )
        self.why = why
        self.entry = entry


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One file of an archive."""

    name: str
    offset: int
    """Where its compressed bytes begin."""
    packed: int
    size: int
    crc: int
    deflated: bool
    executable: bool


class _Inflater(Protocol):
    eof: bool
    unconsumed_tail: bytes
    unused_data: bytes

    def decompress(self, data: Buffer, max_length: int = 0) -> bytes: ...


@contextmanager
def open_zip(data: Buffer | Path) -> Iterator[memoryview]:
    """The bytes of an archive, mapped from a file."""
    if not isinstance(data, Path):
        yield memoryview(data)
        return
    with open(data, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            yield memoryview(b"")
            return
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = memoryview(mapped)
        try:
            yield view
        finally:
            # A traceback in flight may still refer to slices of the map; the map then closes with them.
            with suppress(BufferError):
                view.release()
                mapped.close()


def read_directory(archive: memoryview, limits: Limits = DEFAULT) -> list[Entry]:
    """The files of an archive in its own order, without folders; raises :class:`BadArchive` for what is refused."""
    count, size, start = _end(archive)
    if start + size > len(archive):
        raise BadArchive("its central directory lies outside the file")
    if count > limits.unpacked_files:
        raise BadArchive(f"it has more than {limits.unpacked_files} entries", hint=how_to_raise("unpacked_files"))
    entries: list[Entry] = []
    at = start
    for _ in range(count):
        entry, at = _entry(archive, at)
        if entry is not None:
            entries.append(entry)
    _check_sizes(entries, len(archive), limits)
    _check_names([entry.name for entry in entries])
    _check_overlap(entries, start)
    return entries


def inflate(archive: memoryview, entry: Entry) -> bytes | memoryview:
    """The bytes of an entry, with size and checksum verified."""
    packed = archive[entry.offset : entry.offset + entry.packed]
    data: bytes | memoryview
    if entry.deflated:
        try:
            if entry.packed <= _HARMLESS:
                data = _inflater.decompress(packed, -15, entry.size + 1)
            else:
                data = _inflate_bounded(packed, entry.size)
        except _InflateError as error:
            raise BadArchive(f"its data cannot be inflated: {error}", entry=entry.name) from error
    else:
        data = packed
    if len(data) != entry.size:
        raise BadArchive("an entry does not have the size that it declares", entry=entry.name)
    if _inflater.crc32(data) != entry.crc:
        raise BadArchive("a checksum does not match", entry=entry.name)
    return data


def _inflate_bounded(packed: memoryview, size: int) -> bytes:
    # One byte more than declared is asked for, so that an entry that lies is noticed and not inflated.
    inflater: _Inflater = _inflater.decompressobj(-15)
    data = inflater.decompress(packed, size + 1)
    if len(data) == size and not inflater.eof:
        data += inflater.decompress(inflater.unconsumed_tail, 1)
    return data


def inflate_pieces(archive: memoryview, entry: Entry) -> Iterator[Buffer]:
    """The bytes of a large entry piece by piece, so that memory stays small; verified when the last piece is taken."""
    crc = total = 0
    inflater: _Inflater | None = _inflater.decompressobj(-15) if entry.deflated else None
    step = _FED if entry.deflated else _PIECE
    for at in range(entry.offset, entry.offset + entry.packed, step):
        fed: Buffer = archive[at : min(at + step, entry.offset + entry.packed)]
        while True:
            try:
                piece = inflater.decompress(fed, _PIECE) if inflater is not None else fed
            except _InflateError as error:
                raise BadArchive(f"its data cannot be inflated: {error}", entry=entry.name) from error
            total += len(piece)
            if total > entry.size:
                raise BadArchive("an entry does not have the size that it declares", entry=entry.name)
            crc = _inflater.crc32(piece, crc)
            yield piece
            # What was fed may be used up while there is more of it than one piece could take.
            if inflater is None or not (inflater.unconsumed_tail or len(piece) == _PIECE):
                break
            fed = inflater.unconsumed_tail
    if total != entry.size:
        raise BadArchive("an entry does not have the size that it declares", entry=entry.name)
    if crc != entry.crc:
        raise BadArchive("a checksum does not match", entry=entry.name)


def _end(archive: memoryview) -> tuple[int, int, int]:
    """Count, size and offset of the central directory."""
    tail_start = max(0, len(archive) - _LONGEST_COMMENT - END.size)
    tail = bytes(archive[tail_start:])
    found = find_end(tail)
    if found < 0:
        raise BadArchive("it is not a zip file or its end is missing")
    _, disk, first_disk, _, count, size, offset, _ = END.unpack_from(tail, found)
    at = tail_start + found
    if (count == 0xFFFF or LARGE in {size, offset}) and at >= END64_LOCATOR.size:
        signature, _, end64, _ = END64_LOCATOR.unpack_from(archive, at - END64_LOCATOR.size)
        if signature == b"PK\x06\x07":
            if end64 + END64.size > len(archive):
                raise BadArchive("its zip64 directory is cut off")
            signature, _, _, _, disk, first_disk, _, count, size, offset = END64.unpack_from(archive, end64)
            if signature != b"PK\x06\x06":
                raise BadArchive("its zip64 directory is damaged")
    if disk or first_disk:
        raise BadArchive("it is split over several disks")
    return count, size, offset


def _entry(archive: memoryview, at: int) -> tuple[Entry | None, int]:
    try:
        record = read_entry(archive, at)
    except CutOff as error:
        raise BadArchive(str(error)) from error
    host, flags, method, crc, packed, size, attributes, offset, raw, after = record
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        name = raw.decode("utf-8", "replace") if flags & _UTF8 else raw.decode("cp437")
    mode = attributes >> 16 if host == _UNIX else 0
    if flags & _ENCRYPTED:
        raise BadArchive("it is encrypted", entry=name)
    if mode & _KIND not in {0, _REGULAR, _DIRECTORY}:
        raise BadArchive(
            "it holds a link or a special file" if mode & _KIND == _LINK else "it holds a special file", entry=name
        )
    if name.endswith("/") or mode & _KIND == _DIRECTORY:
        _check_path(name.rstrip("/"))
        if size:
            raise BadArchive("a folder has content", entry=name)
        return None, after
    _check_path(name)
    if method not in {_STORED, _DEFLATED}:
        raise BadArchive(f"it uses compression method {method}, which wheels do not", entry=name)
    if packed != size if method == _STORED else size > packed * _DENSEST + _HARMLESS_SIZE:
        raise BadArchive("an entry does not have the size that it declares", entry=name)
    begin = _data_offset(archive, offset, raw, name)
    if begin + packed > len(archive):
        raise BadArchive("an entry is cut off", entry=name)
    entry = Entry(
        name=name,
        offset=begin,
        packed=packed,
        size=size,
        crc=crc,
        deflated=method == _DEFLATED,
        executable=bool(mode & 0o111),
    )
    return entry, after


def _data_offset(archive: memoryview, offset: int, raw: bytes, name: str) -> int:
    if offset + LOCAL.size > len(archive):
        raise BadArchive("an entry lies outside the file", entry=name)
    header = LOCAL.unpack_from(archive, offset)
    if header[0] != b"PK\x03\x04":
        raise BadArchive("an entry's header is damaged", entry=name)
    at = offset + LOCAL.size
    # Readers that go by the local headers must see the same files as we do.
    if archive[at : at + header[9]] != raw:
        raise BadArchive("an entry has two names", entry=name)
    return int(at + header[9] + header[10])


def _check_path(name: str) -> None:
    if not name or "\\" in name or "\0" in name or name[0] == "/" or ":" in name.split("/", 1)[0]:
        raise BadArchive("a name is not a relative path", entry=name)
    if problem := length_problem(name):
        raise BadArchive(problem, entry=f"{name[:_SHOWN]}…")
    if any(part in {"", ".", ".."} for part in name.split("/")):
        raise BadArchive("a name leaves the archive's root or is not canonical", entry=name)


def _check_sizes(entries: Sequence[Entry], length: int, limits: Limits) -> None:
    total = sum(entry.size for entry in entries)
    if total > limits.unpacked_size:
        raise BadArchive(f"it would unpack to {total} bytes", hint=how_to_raise("unpacked_size"))
    if total > _SUSPICIOUS and total > length * limits.unpacked_ratio:
        raise BadArchive(
            f"{length} bytes would unpack to {total}, which is not plausible", hint=how_to_raise("unpacked_ratio")
        )


def _check_names(names: Sequence[str]) -> None:
    """Refuse names that would overwrite each other; those that differ in case only do so on some file systems."""
    known = set(names)
    if len(known) != len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise BadArchive("two entries have the same name", entry=twice)
    for folder in sorted({name.rpartition("/")[0] for name in known}):
        while folder:
            if folder in known:
                raise BadArchive("a name is a file and a folder at once", entry=folder)
            folder = folder.rpartition("/")[0]


def _check_overlap(entries: Sequence[Entry], directory: int) -> None:
    """Refuse entries that share bytes: how a small file declares petabytes."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < end:
            raise BadArchive("entries overlap", entry=entry.name)
        end = entry.offset + entry.packed
    if end > directory:
        raise BadArchive("entries overlap the central directory")
