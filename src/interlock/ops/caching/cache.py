"""The store as its owner sees it: how big it is, and making it smaller. What is removed is only fetched again."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import partial
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.core.names import NormalizedName, normalize_name
from interlock.errors import InterlockError
from interlock.store.layout import Bucket, Layout
from interlock.store.locks import LockTimeout, hold_sync
from interlock.store.runs import Run, runs
from interlock.store.tars import BROKEN_TAR, Budget, open_tar

__all__ = ["CacheBusy", "Removed", "Size", "clean", "drop", "measure", "prune"]

_BUCKET = re.compile(r"[a-z-]+-v\d+")
_DOWNLOADS = (Bucket.WHEELS, Bucket.SDISTS, Bucket.BUILD_ENVIRONMENTS)
_HEAD = 512
"""A package's name is among the first bytes of what is kept about it."""


class CacheBusy(InterlockError):
    code = "cache-busy"


class Size(msgspec.Struct, frozen=True):
    """Of one bucket."""

    name: str
    files: int
    bytes: int


class Removed(msgspec.Struct, frozen=True):
    files: int = 0
    bytes: int = 0
    in_use: tuple[Run, ...] = ()
    """The runs whose environments were left."""


async def measure(layout: Layout) -> tuple[Size, ...]:
    """The size of each bucket that is there, in the layout's order."""
    return await anyio.to_thread.run_sync(_measure, layout)


async def clean(
    layout: Layout, packages: Mapping[NormalizedName, str] | None = None, *, force: bool = False
) -> Removed:
    """Remove everything, or what belongs to some packages, or to one version of each where one is given.

    Environments that programs run in are left, and :class:`CacheBusy` is raised while another process works with the
    store; unless forced.
    """
    return await anyio.to_thread.run_sync(_alone, layout, force, partial(_clean, layout, packages or {}))


async def prune(layout: Layout, *, ci: bool = False, force: bool = False) -> Removed:
    """Remove leftovers and buckets of other formats; with ``ci`` also all that is cheaper to fetch than to keep.

    What is in use is left as :func:`clean` does.
    """

    def work(kept: tuple[Run, ...]) -> Removed:
        paths = [layout.tmp / name for name in _listed(layout.tmp)]
        paths += [
            layout.root / name for name in _listed(layout.root) if _BUCKET.fullmatch(name) and name not in set(Bucket)
        ]
        if ci:
            paths += [layout.bucket(name) for name in _DOWNLOADS]
        return _remove(layout, paths, kept)

    return await anyio.to_thread.run_sync(_alone, layout, force, work)


def drop(layout: Layout, paths: Iterable[Path], *, force: bool = False) -> set[Path]:
    """Remove some entries, all but environments that programs run in; blocking. What is gone afterwards.

    Raises :class:`CacheBusy` while another process works with the store, unless forced.
    """
    doomed = list(paths)
    _alone(layout, force, lambda kept: _remove(layout, doomed, kept))
    return {path for path in doomed if not os.path.lexists(path)}


def _alone(layout: Layout, force: bool, work: Callable[[tuple[Run, ...]], Removed]) -> Removed:
    if not layout.root.is_dir():
        return Removed()
    if force:
        return work(())
    try:
        with hold_sync(layout.usage_lock, timeout=0):
            return work(runs(layout))
    except LockTimeout as error:
        raise CacheBusy(
            f"Another process uses the cache {layout.root}.", hint="Try again when it has ended, or add --force."
        ) from error


def _measure(layout: Layout) -> tuple[Size, ...]:
    found = []
    for name in Bucket:
        path = layout.bucket(name)
        if path.is_dir():
            removed = _weigh(path)
            found.append(Size(name, removed.files, removed.bytes))
    return tuple(found)


def _clean(layout: Layout, packages: Mapping[NormalizedName, str], kept: tuple[Run, ...]) -> Removed:
    if packages:
        return _remove(layout, list(_belonging(layout, packages)), kept)
    # The lock files stay: removing one that another process waits on would split it.
    return _remove(layout, [layout.root / name for name in _listed(layout.root) if name != layout.locks.name], kept)


def _without(paths: Iterable[Path], kept: Set[Path]) -> Iterator[Path]:
    """The paths, or what is in them, without those that are kept."""
    for path in paths:
        if not any(one == path or path in one.parents for one in kept):
            yield path
        elif path not in kept:
            yield from _without([path / name for name in _listed(path)], kept)


def _remove(layout: Layout, paths: list[Path], kept: tuple[Run, ...]) -> Removed:
    """Move everything aside first, so that what is half removed is never found by a key."""
    there = tuple(run for run in kept if (layout.root / run.path).is_dir())
    layout.locks.mkdir(parents=True, exist_ok=True)
    grave = Path(tempfile.mkdtemp(prefix="removed-", dir=layout.locks))
    files = size = 0
    try:
        for position, path in enumerate(_without(paths, {layout.root / run.path for run in there})):
            if not os.path.lexists(path):
                continue
            weight = _weigh(path)
            files, size = files + weight.files, size + weight.bytes
            os.rename(path, grave / str(position))
    finally:
        shutil.rmtree(grave, ignore_errors=True)
    return Removed(files, size, there)


def _belonging(layout: Layout, packages: Mapping[NormalizedName, str]) -> Iterator[Path]:
    """What is kept for packages. Entries are found by their digests, so each is asked for its name."""
    for index in _listed(layout.bucket(Bucket.PAGES)):
        for entry in _listed(layout.bucket(Bucket.PAGES) / index):
            name = normalize_name(entry.partition(".")[0] if entry.endswith(".msgpack") else entry)
            # A page is about all versions, and stays when only one has to go.
            if packages.get(name, "-") == "":
                yield layout.bucket(Bucket.PAGES) / index / entry
    wanted = [
        msgspec.msgpack.encode(name) + (msgspec.msgpack.encode(version) if version else b"")
        for name, version in packages.items()
    ]
    for path in _entries(layout, Bucket.METADATA):
        with open(path, "rb") as file:
            head = file.read(_HEAD)
        if any(one in head for one in wanted):
            yield path
    for path in _entries(layout, Bucket.WHEELS):
        if any(_is_among(name.removesuffix(".dist-info"), packages) for name in _listed(path / "tree") if "." in name):
            yield path
    for path in _entries(layout, Bucket.BUILT):
        if any(_is_among(name, packages) for name in _listed(path) if name.endswith(".whl")):
            yield path
    for path in _entries(layout, Bucket.SDISTS):
        project, _, version = _first_folder(path).rpartition("-")
        if _is_among(f"{project.replace('-', '_')}-{version}", packages):
            yield path


def _is_among(stem: str, packages: Mapping[NormalizedName, str]) -> bool:
    """Whether a file or folder called ``name-version...`` is of a package, and of the version that is meant."""
    name, _, rest = stem.partition("-")
    wanted = packages.get(normalize_name(name)) if name else None
    return wanted is not None and wanted in {"", rest.partition("-")[0]}


def _first_folder(path: Path) -> str:
    """The top folder of a source archive, ``name-version``."""
    try:
        with open_tar(path, Budget(path.stat().st_size)) as entries:
            return next((member.name.partition("/")[0] for _, member in entries), "")
    except BROKEN_TAR:
        return ""


def _entries(layout: Layout, bucket: Bucket) -> Iterator[Path]:
    for folder in _listed(layout.bucket(bucket)):
        for entry in _listed(layout.bucket(bucket) / folder):
            yield layout.bucket(bucket) / folder / entry


def _listed(path: Path) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _weigh(path: Path) -> Removed:
    if not path.is_dir() or path.is_symlink():
        return Removed(1, path.lstat().st_size)
    files = size = 0
    waiting = [str(path)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_size
    return Removed(files, size)
