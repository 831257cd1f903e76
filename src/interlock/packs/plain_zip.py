"""What is in a wheel as one run of bytes that everybody makes alike: a zip archive of stored entries, by their names.

So the contents of a wheel have a digest, a compressor sees all of them at once, and what is unpacked from foreign bytes
goes through the same suspicious reader as any wheel.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from interlock.core.settings.limits import Limits
from interlock.store.archives import StoredWheel
from interlock.store.zip_records import end_record, stored_entry, stored_header
from interlock.store.zips import Buffer, inflate, read_directory

__all__ = ["MOST_PLAIN", "plain_of_stored", "plain_of_wheel"]

MOST_PLAIN = 160 << 20
"""Bytes of a wheel's contents that are held in memory; larger ones travel as they were published."""
_MOST_FILES = 0xFFFE
_PLAIN, _RUN = 0o100644, 0o100755


def plain_of_wheel(archive: memoryview, limits: Limits) -> bytes | None:
    """The contents of a wheel; None when they are too many. Raises :class:`~interlock.store.zips.BadArchive`."""
    entries = sorted(read_directory(archive, limits), key=lambda entry: entry.name)
    if len(entries) > _MOST_FILES or sum(entry.size + 200 for entry in entries) > MOST_PLAIN:
        return None
    return _plain((entry.name, entry.executable, inflate(archive, entry)) for entry in entries)


def plain_of_stored(wheel: StoredWheel) -> bytes | None:
    """The same of a wheel in the store, as its files are now; None when they are too many. Raises OSError."""
    files = wheel.files
    if len(files) > _MOST_FILES or sum(file.size + 200 for file in files) > MOST_PLAIN:
        return None
    return _plain((file.path, file.executable, wheel.read(file.path)) for file in files)


def _plain(files: Iterable[tuple[str, bool, Buffer]]) -> bytes:
    made, directory, count = bytearray(), bytearray(), 0
    for path, executable, data in files:
        name, crc, size, offset = path.encode(), zlib.crc32(data), len(data), len(made)
        made += stored_header(name, crc, size)
        made += data
        directory += stored_entry(name, crc, size, offset, mode=_RUN if executable else _PLAIN)
        count += 1
    start = len(made)
    made += directory
    made += end_record(count, len(directory), start)
    return bytes(made)
