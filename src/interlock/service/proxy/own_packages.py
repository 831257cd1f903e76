"""Packages that were uploaded here: each file once and for ever.

::

    <folder>/<index>/<project>/<filename>/
        file          as uploaded
        entry.json    what the page says of it (PEP 691)
        METADATA      of a wheel

A file appears by renaming a complete folder, so it is never seen in part, and a rename never replaces what is there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import InvalidMetadata, parse_metadata
from interlock.core.names import NormalizedName
from interlock.core.settings.limits import Limits
from interlock.core.versions.version_list import parse_version
from interlock.index.filenames import version_in
from interlock.index.page_file import PageFile, PageFiles
from interlock.index.pages import Page, make_page
from interlock.index.sdist_info import read_pkg_info
from interlock.index.wheel_metadata import metadata_of
from interlock.index.wheel_tail import NotAWheel
from interlock.service.proxy.refusals import AlreadyThere, BadUpload
from interlock.store.space import write_file
from interlock.store.zips import BadArchive

__all__ = ["OwnPackages", "Uploaded"]

_FILE, _ENTRY, _METADATA = "file", "entry.json", "METADATA"
_NOWHERE = "https://own.invalid/"
"""What links are relative to: a file's address is made from its name."""
_ARRIVING = ".arriving"
_ENTRIES = msgspec.json.Decoder(PageFile)


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came, and what was said of it."""

    path: Path
    filename: str
    sha256: str
    size: int
    name: str = ""
    version: str = ""


class OwnPackages:
    """The uploaded files of all indexes of a service; every method blocks."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits

    def __repr__(self) -> str:
        return f"<OwnPackages in {self._folder}>"

    def arriving(self) -> Path:
        """Where what is uploaded is put until it is judged."""
        folder = self._folder / _ARRIVING
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def names(self, index: str) -> list[str]:
        return sorted(folder.name for folder in _folders(self._folder / index))

    def page(self, index: str, name: NormalizedName) -> Page | None:
        """All files of a project, or None when there are none."""
        files = [entry for folder in _folders(self._folder / index / name) if (entry := _entry(folder)) is not None]
        if not files:
            return None
        page = make_page(name, index, _NOWHERE, PageFiles(files=sorted(files, key=lambda file: file.filename)))
        return page if page.listing.versions else None

    def file(self, index: str, name: NormalizedName, filename: str) -> Path | None:
        return self._part(index, name, filename, _FILE)

    def metadata(self, index: str, name: NormalizedName, filename: str) -> bytes | None:
        path = self._part(index, name, filename, _METADATA)
        return None if path is None else path.read_bytes()

    def add(self, index: str, name: NormalizedName, uploaded: Uploaded, now: float) -> bool:
        """Take a file; whether it is new. The file itself is moved, or stays for the caller to delete.

        Raises :class:`BadUpload`, and :class:`AlreadyThere` when there are other bytes under that name.
        """
        entry, metadata = self._described(name, uploaded, now)
        target = self._folder / index / name / uploaded.filename
        made = self.arriving() / f"{uploaded.path.name}.made"
        made.mkdir()
        try:
            if metadata is not None:
                write_file(made / _METADATA, metadata)
            write_file(made / _ENTRY, msgspec.json.encode(entry))
            os.link(uploaded.path, made / _FILE)
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                os.rename(made, target)
                return True
        finally:
            shutil.rmtree(made, ignore_errors=True)
        there = _entry(target)
        if there is None or there.hashes.get("sha256") != uploaded.sha256:
            raise AlreadyThere(uploaded.filename, index)
        return False

    def _described(self, name: NormalizedName, uploaded: Uploaded, now: float) -> tuple[PageFile, bytes | None]:
        filename = uploaded.filename
        text, metadata = self._metadata_of(uploaded)
        written = version_in(filename, name)
        if metadata.name != name or written is None:
            raise BadUpload(filename, f"it is not a file of `{name}` (its metadata says `{metadata.name}`)")
        try:
            same = parse_version(written) == parse_version(metadata.version)
            same = same and (not uploaded.version or parse_version(uploaded.version) == parse_version(written))
        except ValueError as error:
            raise BadUpload(filename, f"its version is none ({error})") from error
        if not same:
            raise BadUpload(filename, f"its name, its metadata ({metadata.version}) and what is said of it differ")
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        is_wheel = filename.endswith(".whl")
        entry = PageFile(
            filename=filename,
            url=filename,
            hashes={"sha256": uploaded.sha256},
            size=uploaded.size,
            requires_python=str(metadata.requires_python) or None,
            upload_time=moment,
            core_metadata={"sha256": hashlib.sha256(text).hexdigest()} if is_wheel else None,
        )
        return entry, text if is_wheel else None

    def _metadata_of(self, uploaded: Uploaded) -> tuple[bytes, Metadata]:
        filename = uploaded.filename
        try:
            if filename.endswith(".whl"):
                text = metadata_of(uploaded.path, filename, self._limits)
            else:
                found = read_pkg_info(uploaded.path, filename, self._limits)
                if found is None:
                    raise BadUpload(filename, "there is no PKG-INFO in it")
                text = found
            return text, parse_metadata(text)
        except (NotAWheel, BadArchive, InvalidMetadata, OSError) as error:
            raise BadUpload(filename, str(error).rstrip(".")) from error

    def _part(self, index: str, name: NormalizedName, filename: str, part: str) -> Path | None:
        path = self._folder / index / name / filename / part
        return path if path.is_file() else None


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from [Path(entry.path) for entry in entries if not entry.name.startswith(".") and entry.is_dir()]


def _entry(folder: Path) -> PageFile | None:
    try:
        return _ENTRIES.decode((folder / _ENTRY).read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
