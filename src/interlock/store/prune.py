"""Making the store smaller: what it holds, and deleting parts of it while other processes may be reading.

An entry is renamed into ``tmp/`` before its files are deleted, so it is either whole or gone for everybody else.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.core.names import NormalizedName
from interlock.store.archives import StoredWheel, open_wheel
from interlock.store.layout import Bucket, Layout

__all__ = ["Pruned", "Usage", "clear", "drop_wheels", "iter_wheels", "prune", "usage"]

_PER_ENVIRONMENT = (Bucket.BUILD_ENVIRONMENTS, Bucket.WORKSPACES, Bucket.INTERPRETERS)
_DOWNLOADED = (Bucket.PAGES, Bucket.SDISTS, Bucket.WHEELS)
_SPREAD = frozenset(Bucket) - {Bucket.PAGES, Bucket.GIT, Bucket.INTERPRETERS, Bucket.WORKSPACES}
_OURS = frozenset({"CACHEDIR.TAG", ".gitignore", "locks", "tmp"})


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a bucket holds."""

    bucket: Bucket
    files: int
    size: int
    """Bytes."""


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted."""

    entries: int = 0
    files: int = 0
    size: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(entries=self.entries + other.entries, files=self.files + other.files, size=self.size + other.size)


def usage(layout: Layout) -> tuple[Usage, ...]:
    """Size of every bucket that exists; blocking."""
    found = []
    for bucket in Bucket:
        path = layout.bucket(bucket)
        if path.is_dir():
            files, size = _measure(path)
            found.append(Usage(bucket=bucket, files=files, size=size))
    return tuple(found)


def iter_wheels(layout: Layout) -> Iterator[StoredWheel]:
    """The whole wheels of the store, by digest."""
    for path in _entries(layout, Bucket.WHEELS):
        wheel = open_wheel(layout, path.name)
        if wheel is not None:
            yield wheel


def drop_wheels(layout: Layout, name: NormalizedName, version: str = "") -> Pruned:
    """Delete the wheels of a package, or of one version of it."""
    return _drop_wheels(layout, lambda wheel: wheel.name == name and version in {"", wheel.version})


def clear(layout: Layout, buckets: Collection[Bucket] = tuple(Bucket)) -> Pruned:
    """Delete whole buckets."""
    return _sum(_drop(layout, layout.bucket(bucket)) for bucket in buckets)


def prune(layout: Layout, *, ci: bool = False) -> Pruned:
    """Delete what no command of this version can use: older formats, work of dead processes, damaged entries.

    ``ci`` also deletes what can be fetched again as fast as a CI cache restores it, and keeps what was built here. The
    caller holds the store's lock exclusively, because work in progress of others is deleted too.
    """
    total = Pruned()
    if not layout.root.is_dir():
        return total
    for child in sorted(layout.root.iterdir()):
        if child.name not in set(Bucket) and child.name not in _OURS and child.is_dir() and _is_bucket(child.name):
            total += _drop(layout, child)
    total += _sum(
        _drop(layout, path) for path in _entries(layout, Bucket.WHEELS) if open_wheel(layout, path.name) is None
    )
    if ci:
        total += clear(layout, [*_DOWNLOADED, *_PER_ENVIRONMENT])
    with suppress(FileNotFoundError):
        for child in sorted(layout.tmp.iterdir()):
            files, size = _measure(child)
            _delete(child)
            total += Pruned(entries=1, files=files, size=size)
    return total


def _is_bucket(name: str) -> bool:
    """Whether a folder is a bucket of some version of ours: nothing else in the root is touched."""
    stem, _, version = name.rpartition("-v")
    return version.isdigit() and any(bucket.rpartition("-v")[0] == stem for bucket in Bucket)


def _drop_wheels(layout: Layout, doomed: Callable[[StoredWheel], bool]) -> Pruned:
    return _sum(_drop(layout, Path(wheel.root)) for wheel in list(iter_wheels(layout)) if doomed(wheel))


def _entries(layout: Layout, bucket: Bucket) -> list[Path]:
    root = layout.bucket(bucket)
    depth = "*/*" if bucket in _SPREAD else "*"
    return sorted(root.glob(depth)) if root.is_dir() else []


def _drop(layout: Layout, path: Path) -> Pruned:
    temporary = layout.temporary_directory()
    try:
        os.rename(path, temporary / "old")
        files, size = _measure(temporary / "old")
    except FileNotFoundError:
        return Pruned()
    finally:
        _delete(temporary)
    return Pruned(entries=1, files=files, size=size)


def _measure(path: Path) -> tuple[int, int]:
    if not path.is_dir():
        return 1, path.lstat().st_size
    files = size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):
                size += os.lstat(os.path.join(folder, name)).st_size
                files += 1
    return files, size


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sum(parts: Iterator[Pruned]) -> Pruned:
    total = Pruned()
    for part in parts:
        total += part
    return total
