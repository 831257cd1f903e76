"""``interlock cache gc``: a cache that stays below a size, also while others work with it.

What was used longest ago goes first. While other processes work, only what they can do without goes: unpacked wheels
are obtained again by whoever misses one, and what was noted about pages is asked for again. Archives, builds, their
environments and repositories go when nobody else is there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.store.layout import Bucket, Layout
from interlock.store.locks import LockTimeout, hold_sync
from interlock.store.runs import runs

__all__ = ["Collected", "Kept", "collect", "longest_unused"]

_DEEP = frozenset(Bucket) - {Bucket.GIT, Bucket.INTERPRETERS, Bucket.WORKSPACES}
"""Buckets whose entries are in folders."""
_MISSED_BY_NOBODY = frozenset(
    (Bucket.WHEELS, Bucket.PAGES, Bucket.METADATA, Bucket.ANSWERS, Bucket.OLD_LOCKS, Bucket.TEXTS, Bucket.FRAMES)
)
_GRAVE = "removed-"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the store."""

    path: str
    bucket: Bucket
    size: int
    used: float
    """Seconds since 1970."""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    entries: int
    bytes: int
    kept: int
    """Bytes that are in the cache now."""
    is_alone: bool
    """Whether nobody else worked with the cache, so that everything could go."""


async def collect(layout: Layout, most: int) -> Collected:
    """Drop what was not used for longest until the cache has at most so many bytes, as far as that can be."""
    return await anyio.to_thread.run_sync(partial(_collect, layout, most))


def longest_unused(kept: Iterable[Kept], most: int) -> list[Kept]:
    """What has to go so that the rest has at most so many bytes. Pure."""
    by_use = sorted(kept, key=lambda one: (one.used, one.path))
    left = sum(one.size for one in by_use)
    dropped = []
    for one in by_use:
        if left <= most:
            break
        dropped.append(one)
        left -= one.size
    return dropped


def _collect(layout: Layout, most: int) -> Collected:
    if not layout.root.is_dir():
        return Collected(entries=0, bytes=0, kept=0, is_alone=True)
    try:
        with hold_sync(layout.usage_lock, timeout=0):
            return _swept(layout, most, frozenset(Bucket), is_alone=True)
    except LockTimeout:
        return _swept(layout, most, _MISSED_BY_NOBODY, is_alone=False)


def _swept(layout: Layout, most: int, buckets: frozenset[Bucket], *, is_alone: bool) -> Collected:
    every = list(_entries(layout))
    used = {str(layout.root / run.path) for run in runs(layout)}
    free = [one for one in every if one.bucket in buckets and one.path not in used]
    total = sum(one.size for one in every)
    doomed = longest_unused(free, most - (total - sum(one.size for one in free)))
    entries, freed = _drop(layout, doomed)
    return Collected(entries=entries, bytes=freed, kept=total - freed, is_alone=is_alone)


def _drop(layout: Layout, doomed: list[Kept]) -> tuple[int, int]:
    """Each is moved aside first, so that it is whole or gone for everybody."""
    layout.locks.mkdir(parents=True, exist_ok=True)
    grave = Path(tempfile.mkdtemp(prefix=_GRAVE, dir=layout.locks))
    entries = freed = 0
    try:
        for number, one in enumerate(doomed):
            with suppress(FileNotFoundError):
                os.rename(one.path, grave / str(number))
                entries, freed = entries + 1, freed + one.size
    finally:
        shutil.rmtree(grave, ignore_errors=True)
    return entries, freed


def _entries(layout: Layout) -> Iterator[Kept]:
    for bucket in Bucket:
        place = str(layout.bucket(bucket))
        for path in _below(place, deep=bucket in _DEEP):
            with suppress(FileNotFoundError, NotADirectoryError):
                size, used = _weigh(path)
                yield Kept(path=path, bucket=bucket, size=size, used=used)


def _below(place: str, *, deep: bool) -> Iterator[str]:
    for name in _listed(place):
        path = f"{place}/{name}"
        if deep and os.path.isdir(path):
            yield from (f"{path}/{inner}" for inner in _listed(path))
        else:
            yield path


def _weigh(path: str) -> tuple[int, float]:
    """Bytes of an entry, and when it was used: by its own file, or by what lies at the top of its folder.

    Folders themselves say nothing, since looking at them for their size is a use too.
    """
    status = os.lstat(path)
    if not os.path.isdir(path) or os.path.islink(path):
        return status.st_size, max(status.st_atime, status.st_mtime)
    size, used, waiting = 0, 0.0, [path]
    made = status.st_mtime
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    waiting.append(one.path)
                    continue
                status = one.stat(follow_symlinks=False)
                size += status.st_size
                if folder == path:
                    used = max(used, status.st_atime, status.st_mtime)
    return size, used or made


def _listed(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return []
