"""Stored results of builds, by the digest of what went in.

::

    built-v1/ab/<digest>/
      result.msgpack    a BuildResult
      <filename>        the wheel or source archive, when there is one
    built-v1/logs/      what backends printed before they failed
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.core.metadata.metadata import Metadata
from interlock.store.layout import Bucket, Layout
from interlock.store.replace import move_file
from interlock.store.space import write_file

__all__ = ["BuildResult", "Results"]

_FILE = "result.msgpack"


class BuildResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one build gave."""

    filename: str = ""
    """Of the wheel or source archive; empty when only metadata was asked for."""
    metadata: Metadata | None = None
    sha256: str = ""
    """Of the file; worked out when the result is kept."""


_DECODER = msgspec.msgpack.Decoder(BuildResult)


class Results:
    """The bucket of built things."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def load(self, digest: str) -> BuildResult | None:
        """The result of a build with these inputs, or None; an entry that cannot be read is as good as none."""
        data = self._layout.read(self._layout.entry(Bucket.BUILT, digest) / _FILE)
        result = self.decoded(data)
        if result is None or (result.filename and not self.path(digest, result).is_file()):
            return None
        return result

    @staticmethod
    def decoded(data: bytes | None) -> BuildResult | None:
        """The result that was written; None where there is none, or none that can be read."""
        if data is None:
            return None
        try:
            return _DECODER.decode(data)
        except msgspec.MsgspecError:
            return None

    def path(self, digest: str, result: BuildResult) -> Path:
        return self._layout.entry(Bucket.BUILT, digest) / result.filename

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every digest with the file that its build gave, as far as there is one; blocking."""
        root = self._layout.bucket(Bucket.BUILT)
        for entry in sorted(root.glob("??/*")) if root.is_dir() else ():
            result = self.load(entry.name)
            if result is not None and result.filename:
                yield entry.name, self.path(entry.name, result)

    def save(self, digest: str, result: BuildResult, folder: Path) -> None:
        """Publish a folder that holds the result's file (if any) as the entry; the folder is gone afterwards."""
        entry = self._layout.entry(Bucket.BUILT, digest)
        if result.filename:
            with (folder / result.filename).open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            result = msgspec.structs.replace(result, sha256=sha256)
        write_file(folder / _FILE, msgspec.msgpack.encode(result))
        entry.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(folder, entry)
        except OSError:
            if self.load(digest) is not None:
                # Another process was first; the same inputs gave the same result.
                shutil.rmtree(folder, ignore_errors=True)
                return
            shutil.rmtree(entry, ignore_errors=True)
            os.rename(folder, entry)

    def keep_log(self, log: Path, label: str, hook: str) -> Path:
        """Move a failed call's log to where it can be read later."""
        folder = self._layout.bucket(Bucket.BUILT) / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{label}-{hook}-{os.urandom(4).hex()}.log"
        with suppress(OSError):
            move_file(log, kept)
        return kept
