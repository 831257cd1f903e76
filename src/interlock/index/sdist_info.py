"""PKG-INFO out of an sdist, without unpacking it (PEP 517, PEP 625, PEP 643)."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

__all__ = ["read_pkg_info"]

_LARGEST = 64 << 20


def read_pkg_info(archive: bytes | Path, filename: str) -> bytes | None:
    """The PKG-INFO at the root of the archive, or None when there is none or the archive cannot be read."""
    try:
        if filename.endswith(".zip"):
            return _from_zip(archive)
        return _from_tar(archive)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, UnicodeDecodeError):
        return None


def _is_root_info(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return len(parts) == 2 and parts[1] == "PKG-INFO"


def _from_tar(archive: bytes | Path) -> bytes | None:
    file = BytesIO(archive) if isinstance(archive, bytes) else None
    name = None if isinstance(archive, bytes) else archive
    # A stream: PKG-INFO is often the last member, yet never more than once through the file.
    with tarfile.open(name=name, fileobj=file, mode="r|gz") as tar:
        for member in tar:
            if member.isfile() and _is_root_info(member.name) and member.size <= _LARGEST:
                reader = tar.extractfile(member)
                return reader.read() if reader is not None else None
    return None


def _from_zip(archive: bytes | Path) -> bytes | None:
    with zipfile.ZipFile(BytesIO(archive) if isinstance(archive, bytes) else archive) as zipped:
        for info in zipped.infolist():
            if _is_root_info(info.filename) and info.file_size <= _LARGEST:
                return zipped.read(info)
    return None
