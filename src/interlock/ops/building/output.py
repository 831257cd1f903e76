"""The output directory of builds: files appear in it whole or not at all, and what is there already is left alone."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from interlock.store.build_records import RecordedFile
from interlock.store.layout import Layout
from interlock.store.locks import hold_sync
from interlock.store.replace import move_file
from interlock.store.space import write_file

__all__ = ["DISTRIBUTIONS", "OutputDirectory"]

_PART = ".interlock-part"
DISTRIBUTIONS = (".whl", ".tar.gz", ".publish.attestation")


class OutputDirectory:
    """Where sdists and wheels go; blocking."""

    def __init__(self, path: Path, layout: Layout, *, ours: bool, beside_sources: bool = False) -> None:
        """``beside_sources``: it is inside of a member, where backends take it for a part of that."""
        self.path = path
        self._beside_sources = beside_sources
        self._layout = layout
        self._ours = ours
        self._lock = layout.locks / f"output-{hashlib.sha256(os.fsencode(path)).hexdigest()[:24]}"
        self._prepared = False

    def __repr__(self) -> str:
        return f"<OutputDirectory {self.path}>"

    def prepare(self) -> None:
        """Make it, with a ``.gitignore`` when it is new or the default one, and remove what killed builds left."""
        self._layout.prepare()
        new = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        if (self._ours or (new and self._beside_sources)) and not (self.path / ".gitignore").exists():
            write_file(self.path / ".gitignore", b"*\n")
        with hold_sync(self._lock):
            for entry in os.scandir(self.path):
                if entry.name.endswith(_PART):
                    with suppress(FileNotFoundError):
                        os.unlink(entry.path)
        self._prepared = True

    def place(self, folder: Path, files: Iterable[RecordedFile]) -> None:
        """Copy files of the store here; those that are here with the same content are not touched."""
        if not self._prepared:
            self.prepare()
        changed = [file for file in files if not self._has(file)]
        if not changed:
            return
        with hold_sync(self._lock):
            parts = []
            for file in changed:
                part = self.path / f".{file.filename}{_PART}"
                # A copy and no link: who changes a file here must not change the store.
                shutil.copyfile(folder / file.filename, part)
                parts.append((part, self.path / file.filename))
            for part, target in parts:
                move_file(part, target)

    def _has(self, file: RecordedFile) -> bool:
        path = self.path / file.filename
        try:
            if os.stat(path).st_size != file.size:
                return False
            with path.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
        except OSError:
            return False

    def clear(self, keep: frozenset[str]) -> None:
        """Remove distributions of other builds."""
        for entry in os.scandir(self.path):
            if entry.is_file() and entry.name.endswith(DISTRIBUTIONS) and entry.name not in keep:
                os.unlink(entry.path)
