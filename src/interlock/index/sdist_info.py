"""PKG-INFO out of an sdist, without unpacking it (PEP 517, PEP 625, PEP 643)."""

from __future__ import annotations

from pathlib import Path

from interlock.core.settings.limits import DEFAULT, Limits
from interlock.store.tars import BROKEN_TAR
from interlock.store.top_files import top_file
from interlock.store.zips import BadArchive

__all__ = ["read_pkg_info"]


def read_pkg_info(archive: Path, filename: str, limits: Limits = DEFAULT) -> bytes | None:
    """The PKG-INFO at the root of the archive, or None when there is none or the archive cannot be read; blocking."""
    try:
        return top_file(archive, "PKG-INFO", filename=filename, limits=limits)
    except (*BROKEN_TAR, BadArchive):
        return None
