"""Records: the files that building a member gave, kept under the digest of all that went in.

::

    built-v1/ab/<digest>/
      record.msgpack    a Record
      <filename>        the sdist and the wheel
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Literal

import msgspec

from interlock.store.layout import Bucket, Layout
from interlock.store.space import write_file

__all__ = ["FileKind", "Record", "RecordedFile", "Records", "file_facts", "version_of"]

_FILE = "record.msgpack"


FileKind = Literal["sdist", "wheel"]


class RecordedFile(msgspec.Struct, frozen=True, kw_only=True):
    filename: str
    kind: FileKind
    sha256: str
    size: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    files: tuple[RecordedFile, ...]


_DECODER = msgspec.msgpack.Decoder(Record)


class Records:
    """The records of a store; blocking."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def folder(self, digest: str) -> Path:
        return self._layout.entry(Bucket.BUILT, digest)

    def load(self, digest: str) -> Record | None:
        """The record, or None; one with a file missing is as good as none."""
        folder = self.folder(digest)
        data = self._layout.read(folder / _FILE)
        if data is None:
            return None
        try:
            record = _DECODER.decode(data)
        except msgspec.MsgspecError:
            return None
        for file in record.files:
            try:
                if os.stat(folder / file.filename).st_size != file.size:
                    return None
            except OSError:
                return None
        return record

    def save(self, digest: str, record: Record, paths: dict[str, Path]) -> Path:
        """Publish a record with its files (by name); the folder they are in now."""
        entry = self.folder(digest)
        passing = self._layout.temporary_directory()
        try:
            for name, path in paths.items():
                _place(path, passing / name)
            write_file(passing / _FILE, msgspec.msgpack.encode(record))
            entry.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(passing, entry)
            except OSError:
                if self.load(digest) is None:
                    shutil.rmtree(entry, ignore_errors=True)
                    os.rename(passing, entry)
        finally:
            shutil.rmtree(passing, ignore_errors=True)
        return entry


def file_facts(path: Path, kind: FileKind) -> RecordedFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return RecordedFile(filename=path.name, kind=kind, sha256=sha256, size=path.stat().st_size)


def _place(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def version_of(path: Path) -> str:
    """The version in the name of an sdist or a wheel."""
    if path.name.endswith(".whl"):
        return path.name.split("-")[1]
    return path.name.removesuffix(".tar.gz").rpartition("-")[2]
