"""Making a pack: the same files give the same bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from interlock.packs.header import Entry, Form, PackedBuild, encode_header, layed_out
from interlock.packs.reading import OpenPack
from interlock.packs.refusals import BadPack
from interlock.store.replace import NotWritable, move_file
from interlock.store.space import named

__all__ = ["Content", "write_pack"]

_AT_ONCE = 1 << 20


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes into a pack: by where it is, or as it is in another pack."""

    sha256: str
    form: Form
    path: Path | None = None

    def entry(self, old: Mapping[str, Entry]) -> Entry:
        length = old[self.sha256].length if self.path is None else self.path.stat().st_size
        return Entry(sha256=self.sha256, form=self.form, length=length)


def write_pack(
    target: Path, contents: Iterable[Content], old: OpenPack | None = None, builds: Iterable[PackedBuild] = ()
) -> int:
    """Write a pack, so that it appears whole; its size. ``old`` has what no path is given for. Blocking.

    Every file is verified once more while it is copied. Raises :class:`BadPack`, :class:`NotWritable` and OSError.
    """
    known = {content.sha256: content for content in contents}
    frames = {entry.sha256: entry for entry in old.header.entries} if old is not None else {}
    header = layed_out((content.entry(frames) for content in known.values()), builds)
    if target.is_dir():
        raise NotWritable(target, "a directory")
    target.parent.mkdir(parents=True, exist_ok=True)
    target = Path(os.path.realpath(target))
    passing = target.with_name(f".{target.name}.{os.getpid()}-new")
    try:
        with named(target), open(passing, "xb") as file:
            file.write(encode_header(header))
            for entry in header.entries:
                path = known[entry.sha256].path
                if path is not None:
                    with open(path, "rb") as content:
                        _copy(content, file, entry)
                else:
                    assert old is not None
                    file.write(old.verified(frames[entry.sha256]))
            size = file.tell()
        move_file(passing, target)
    finally:
        with suppress(FileNotFoundError):
            passing.unlink()
    return size


def _copy(source: IO[bytes], target: IO[bytes], entry: Entry) -> None:
    hashed, before = hashlib.sha256(), target.tell()
    while piece := source.read(_AT_ONCE):
        hashed.update(piece)
        target.write(piece)
    if hashed.hexdigest() != entry.sha256 or target.tell() - before != entry.length:
        raise BadPack("a file was changed while it was packed", sha256=entry.sha256)
