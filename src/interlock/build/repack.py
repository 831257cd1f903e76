"""Changing the metadata of sdists and wheels that were built: the same entries in the same order, as bytes for bytes.

A wheel's RECORD is brought up to date (binary distribution format); nothing of the files' times and modes changes, so
the same input gives the same output.
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

__all__ = ["read_wheel_metadata", "rewrite_sdist", "rewrite_wheel"]

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


def rewrite_sdist(archive: Path, target: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Copy a ``.tar.gz``, each content passed through ``change`` with its path below the top folder; blocking."""
    with archive.open("rb") as file:
        header = file.read(8)
    # Written into the header as it was: no file name, and the time the backend chose.
    mtime = int.from_bytes(header[4:8], "little")
    with (
        tarfile.open(archive, "r:gz") as source,
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=mtime) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as made,
    ):
        for member in source:
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


def read_wheel_metadata(wheel: Path) -> bytes:
    """The METADATA of a wheel that was checked when it was built; blocking."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(name for name in archive.namelist() if _METADATA.fullmatch(name)))


def rewrite_wheel(wheel: Path, target: Path, change: Callable[[bytes], bytes]) -> None:
    """Copy a wheel with its METADATA changed; blocking."""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        name = next(name for name in source.namelist() if _METADATA.fullmatch(name))
        metadata = change(source.read(name))
        record = f"{name.rpartition('/')[0]}/RECORD"
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == name:
                data = metadata
            elif entry.filename == record:
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
