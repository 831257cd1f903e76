"""One file at the top of a source archive, read without unpacking it (PEP 517, 625, 643)."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from interlock.core.settings.limits import DEFAULT, Limits, is_plausible_text
from interlock.store.tars import Budget, open_tar
from interlock.store.zips import inflate, open_zip, read_directory

__all__ = ["is_top", "top_file"]


def top_file(archive: Path, name: str, *, filename: str = "", limits: Limits = DEFAULT) -> bytes | None:
    """A file by its name in the archive's folder; None when there is none, or none of a size that it could have.

    ``filename`` is what the archive is called where its path is another one. Blocking. Raises
    :class:`~interlock.store.zips.BadArchive` and what is in :data:`~interlock.store.tars.BROKEN_TAR`.
    """
    if (filename or archive.name).lower().endswith(".zip"):
        return _from_zip(archive, name, limits)
    return _from_tar(archive, name, limits)


def is_top(path: str, name: str) -> bool:
    """Whether a path in an archive is that of a file by its name in the archive's folder."""
    parts = PurePosixPath(path).parts
    return len(parts) == 2 and parts[1] == name


def _from_tar(archive: Path, name: str, limits: Limits) -> bytes | None:
    # A stream: PKG-INFO is often the last member, yet never more than once through the file.
    with open_tar(archive, Budget(archive.stat().st_size, limits)) as entries:
        for tar, member in entries:
            if member.isreg() and is_top(member.name, name) and member.size <= limits.metadata_size:
                reader = tar.extractfile(member)
                return reader.read() if reader is not None else None
    return None


def _from_zip(archive: Path, name: str, limits: Limits) -> bytes | None:
    with open_zip(archive) as view:
        for entry in read_directory(view, limits):
            fits = entry.size <= limits.metadata_size and is_plausible_text(entry.size, entry.packed)
            if is_top(entry.name, name) and fits:
                return bytes(inflate(view, entry))
    return None
