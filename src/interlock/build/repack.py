"""Changing the metadata of sdists and wheels that were built: the same entries in the same order, as bytes for bytes.

A wheel's RECORD is brought up to date (binary distribution format). Times and modes of files stay, except where an
sdist would tell when and by whom it was packed: the same input gives the same output.
"""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from interlock.store.space import named

__all__ = ["has_personal_modes", "holds", "is_dated", "read_wheel_metadata", "rewrite_sdist", "rewrite_wheel"]

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


def is_dated(archive: Path, latest: int) -> bool:
    """Whether a ``.tar.gz`` tells of a time after ``latest``, or of who packed it; blocking."""
    if _packed_at(archive) > latest:
        return True
    with tarfile.open(archive, "r|gz") as source:
        return any(
            member.mtime > latest or member.uid or member.gid or member.uname or member.gname for member in source
        )


def _packed_at(archive: Path) -> int:
    """The time in the header of a gzip file."""
    with archive.open("rb") as file:
        return int.from_bytes(file.read(8)[4:], "little")


def _packed_as(archive: Path) -> str:
    """The name in the header of a gzip file, if there is one alone."""
    with archive.open("rb") as file:
        head = file.read(1024)
    return head[10:].partition(b"\0")[0].decode("latin-1") if head[3:4] == b"\x08" else ""


def holds(archive: Path, unwanted: Callable[[str], bool]) -> bool:
    """Whether a ``.tar.gz`` has an entry of which that is true by its name; blocking."""
    with tarfile.open(archive, "r|gz") as source:
        return any(unwanted(member.name) for member in source)


def rewrite_sdist(
    archive: Path,
    target: Path,
    change: Callable[[str, bytes], bytes],
    *,
    latest: int | None = None,
    unwanted: Callable[[str], bool] = lambda _: False,
) -> None:
    """Copy a ``.tar.gz``, each content passed through ``change`` with its path below the top folder; blocking.

    Entries of ``unwanted`` names are left out. With ``latest`` no time is after it, and owners and modes are the same
    whoever packed it.
    """
    packed_at = _packed_at(archive)
    # Neither a file name nor a time of ours goes into the header.
    name, at = (_packed_as(archive), packed_at) if latest is None else ("", min(packed_at, latest))
    with (
        named(target),
        tarfile.open(archive, "r:gz") as source,
        target.open("wb") as raw,
        gzip.GzipFile(filename=name, mode="wb", fileobj=raw, mtime=at) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as made,
    ):
        for member in source:
            if unwanted(member.name):
                continue
            if latest is not None:
                _undate(member, latest)
            if not member.isreg():
                made.addfile(member)
                continue
            opened = source.extractfile(member)
            assert opened is not None
            data = change(member.name.partition("/")[2], opened.read())
            member.size = len(data)
            # An extended header would overrule the size.
            member.pax_headers = {key: value for key, value in member.pax_headers.items() if key != "size"}
            made.addfile(member, io.BytesIO(data))


def _undate(member: tarfile.TarInfo, latest: int) -> None:
    member.mtime = min(int(member.mtime), latest)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    if not member.issym():
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    told = {"mtime", "atime", "ctime", "uid", "gid", "uname", "gname"}
    member.pax_headers = {key: value for key, value in member.pax_headers.items() if key not in told}


def read_wheel_metadata(wheel: Path) -> bytes:
    """The METADATA of a wheel that was checked when it was built; blocking."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(name for name in archive.namelist() if _METADATA.fullmatch(name)))


def has_personal_modes(wheel: Path) -> bool:
    """Whether modes of a wheel's files tell of the umask of whoever checked the sources out; blocking."""
    with zipfile.ZipFile(wheel) as archive:
        return any(_public_mode(entry) != entry.external_attr >> 16 for entry in archive.infolist())


def _public_mode(entry: zipfile.ZipInfo) -> int:
    mode = entry.external_attr >> 16
    if not mode & 0o777 or entry.is_dir():
        return mode
    return mode & ~0o777 | (0o755 if mode & 0o100 else 0o644)


def rewrite_wheel(wheel: Path, target: Path, change: Callable[[bytes], bytes]) -> None:
    """Copy a wheel with its METADATA changed, and modes that are the same whoever built it; blocking."""
    with named(target), zipfile.ZipFile(wheel) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        name = next(name for name in source.namelist() if _METADATA.fullmatch(name))
        before = source.read(name)
        metadata = change(before)
        record = f"{name.rpartition('/')[0]}/RECORD"
        for entry in source.infolist():
            data = source.read(entry)
            entry.external_attr = _public_mode(entry) << 16 | entry.external_attr & 0xFFFF
            if entry.filename == name:
                data = metadata
            elif entry.filename == record and metadata != before:
                data = _record(data, name, metadata)
            made.writestr(entry, data)


def _record(data: bytes, name: str, content: bytes) -> bytes:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    text = data.decode("utf-8")
    rows = [
        [name, f"sha256={digest}", str(len(content))] if row and row[0] == name else row
        for row in csv.reader(io.StringIO(text))
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(row for row in rows if row)
    return out.getvalue().encode("utf-8")
