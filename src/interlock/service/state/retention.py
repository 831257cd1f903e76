"""Retention: what of the store stays, by its size and by when it was used last. What goes is only fetched again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

__all__ = [
    "UNPROTECTED",
    "Freed",
    "Kept",
    "Retention",
    "choose_dropped",
    "drop",
    "drop_leftovers",
    "kept_in",
    "size_of",
]

_NOT_ENTRIES = frozenset({"locks", "tmp"})
_DEPTH = 3
"""Of an entry below the store: its bucket, its folder, its name (:mod:`interlock.store.layout`)."""
_DAY = 86_400
UNPROTECTED = ".own-"
"""In names of entries that only those read who write such themselves."""
_SHARE = 4
"""Of all room, what they have at most where there is no more: who writes for himself drives nobody else out."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    max_store_bytes: int = 20 << 30
    """What the store and the packages that were uploaded have together; packages are never dropped for it."""
    max_idle_days: int = 90
    """Days after which what nobody used is dropped."""


class Kept(msgspec.Struct, frozen=True):
    """One entry of the store."""

    path: str
    size: int
    used: float
    """Seconds since 1970."""


class Freed(msgspec.Struct, frozen=True):
    entries: int = 0
    bytes: int = 0


def choose_dropped(kept: Iterable[Kept], retention: Retention, *, now: float, room: int) -> list[Kept]:
    """What has to go so that the rest fits into ``room`` bytes: what nobody used, then what is unprotected and beyond
    its share, then all others, of each the longest unused first. Pure."""
    oldest = now - retention.max_idle_days * _DAY
    by_use = sorted(kept, key=lambda one: (one.used, one.path))
    left = sum(one.size for one in by_use)
    beyond = _beyond_share(by_use, retention.max_store_bytes // _SHARE)
    dropped = []
    for one in sorted(by_use, key=lambda one: (one.used >= oldest, id(one) not in beyond)):
        if one.used >= oldest and left <= room:
            break
        dropped.append(one)
        left -= one.size
    return dropped


def _beyond_share(by_use: Iterable[Kept], share: int) -> frozenset[int]:
    """What is unprotected and has to go before anything else, by identity."""
    unprotected = [one for one in by_use if UNPROTECTED in os.path.basename(one.path)]
    size, found = sum(one.size for one in unprotected), set()
    for one in unprotected:
        if size <= share:
            break
        found.add(id(one))
        size -= one.size
    return frozenset(found)


def kept_in(store: Path) -> list[Kept]:
    """The entries of a store; blocking."""
    found: list[Kept] = []
    for bucket in _listed(store):
        if bucket.name not in _NOT_ENTRIES and bucket.is_dir(follow_symlinks=False):
            found += _entries(bucket.path, _DEPTH - 1)
    return found


def drop(store: Path, doomed: Iterable[Kept]) -> Freed:
    """Delete entries; blocking. Whoever reads one already reads on."""
    entries = size = 0
    for one in doomed:
        with suppress(FileNotFoundError):
            if os.path.isdir(one.path):
                # Moved aside first, so that it is never seen in part.
                aside = store / "tmp" / f"dropped-{os.path.basename(one.path)}"
                aside.parent.mkdir(exist_ok=True)
                os.rename(one.path, aside)
                shutil.rmtree(aside, ignore_errors=True)
            else:
                os.unlink(one.path)
            entries, size = entries + 1, size + one.size
    return Freed(entries, size)


def drop_leftovers(folders: Iterable[Path], *, now: float) -> None:
    """Delete what processes that were killed have left behind; work of a day is not that."""
    for folder in folders:
        for entry in _listed(folder):
            with suppress(OSError):
                if now - entry.stat(follow_symlinks=False).st_mtime > _DAY:
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path, ignore_errors=True)
                    else:
                        os.unlink(entry.path)


def size_of(path: str | Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not os.path.isdir(path):
        with suppress(OSError):
            return os.lstat(path).st_size
        return 0
    return sum(size_of(entry.path) for entry in _listed(path) if not entry.is_symlink())


def _entries(folder: str, depth: int) -> Iterator[Kept]:
    for entry in _listed(folder):
        if depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path, depth - 1)
            continue
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            size = size_of(entry.path) if entry.is_dir(follow_symlinks=False) else status.st_size
            yield Kept(entry.path, size, max(status.st_atime, status.st_mtime))


def _listed(path: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
