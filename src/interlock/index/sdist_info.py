"""PKG-INFO out of an sdist, without unpacking it (PEP 517, PEP 625, PEP 643)."""

from __future__ import annotations

from pathlib import Path

from interlock.core.settings.limits import DEFAULT, Limits, is_plausible_text
from interlock.store.tars import BROKEN_TAR, Budget, open_tar
from interlock.store.zips import BadArchive, inflate, open_zip, read_directory

__all__ = ["read_pkg_info"]


def read_pkg_info(archive: Path, filename: str, limits: Limits = DEFAULT) -> bytes | None:
    """The PKG-INFO at the root of the archive, or None when there is none or the archive cannot be read; blocking."""
    try:
        if filename.endswith(".zip"):
            return _from_zip(archive, limits)
        return _from_tar(archive, limits)
    except (*BROKEN_TAR, BadArchive):
        return None


def _is_root_info(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return len(parts) == 2 and parts[1] == "PKG-INFO"


def _from_tar(archive: Path, limits: Limits) -> bytes | None:
    # A stream: PKG-INFO is often the last member, yet never more than once through the file.
    with open_tar(archive, Budget(archive.stat().st_size, limits)) as entries:
        for tar, member in entries:
            if member.isfile() and _is_root_info(member.name) and member.size <= limits.metadata_size:
                reader = tar.extractfile(member)
                return reader.read() if reader is not None else None
    return None


def _from_zip(archive: Path, limits: Limits) -> bytes | None:
    with open_zip(archive) as view:
        for entry in read_directory(view, limits):
            fits = entry.size <= limits.metadata_size and is_plausible_text(entry.size, entry.packed)
            if _is_root_info(entry.name) and fits:
                return bytes(inflate(view, entry))
    return None
