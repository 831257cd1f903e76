"""What becomes of a backend's sdists and wheels before they are given out; blocking.

The ranges of the workspace's policy are written into them, and an sdist does not tell when and by whom it was packed,
nor where members and other trees were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from interlock.build.repack import (
    has_personal_modes,
    holds,
    is_dated,
    read_wheel_metadata,
    rewrite_sdist,
    rewrite_wheel,
)
from interlock.build.sdist import cache_folders, is_below, read_manifest, read_pkg_info
from interlock.core.metadata.edit import (
    edit_manifest,
    edit_metadata,
    edit_requires_txt,
    outdated,
    without_local_sources,
)
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.static import settle_manifest, settle_metadata
from interlock.core.metadata.text import parse_metadata
from interlock.core.names import NormalizedName
from interlock.core.requirements.bounds import Edge

__all__ = ["bound_wheel", "finished_sdist", "finished_wheel", "pkg_info", "settled_sdist"]

_Edges = Mapping[NormalizedName, Edge]


def finished_sdist(
    sdist: Path, edges: _Edges, latest: int, folder: Path, left_out: Callable[[str], bool] = lambda _: False
) -> Path:
    """The sdist itself when nothing is to be changed; else one with the ranges in what a build from it reads and in
    what it says of itself, without sources of this workspace and what is ``left_out`` by its path or in a cache, and
    with no time after ``latest``."""

    manifest = read_manifest(sdist) or b""
    caches = cache_folders(sdist)
    lean = without_local_sources(manifest)

    def unwanted(name: str) -> bool:
        return is_below(name, caches) or left_out(name.partition("/")[2])

    def change(path: str, data: bytes) -> bytes:
        name = path.rpartition("/")[2]
        if path == "pyproject.toml":
            return edit_manifest(lean, edges)
        if name == "PKG-INFO":
            return edit_metadata(data, edges)
        if name == "requires.txt" and ".egg-info/" in path:
            return edit_requires_txt(data, edges)
        return data

    dated = is_dated(sdist, latest)
    if not edges and not dated and lean == manifest and not holds(sdist, unwanted):
        return sdist
    target = _within(folder, sdist.name)
    rewrite_sdist(sdist, target, change, latest=latest if dated else None, unwanted=unwanted)
    return target


def pkg_info(sdist: Path) -> Metadata | None:
    """What an sdist says of itself; None when it says nothing."""
    data = read_pkg_info(sdist)
    return parse_metadata(data) if data is not None else None


def settled_sdist(sdist: Path, metadata: Metadata, folder: Path) -> Path:
    """The sdist with the requirements of ``metadata`` in its manifest instead of being left to its backend."""

    def change(path: str, data: bytes) -> bytes:
        if path == "pyproject.toml":
            return settle_manifest(data, metadata)
        return settle_metadata(data) if path.rpartition("/")[2] == "PKG-INFO" else data

    target = _within(folder, sdist.name)
    rewrite_sdist(sdist, target, change)
    return target


def bound_wheel(wheel: Path, edges: _Edges, folder: Path) -> Path:
    """The wheel itself when its backend took the ranges over, else a corrected one."""
    if not edges or not outdated(parse_metadata(read_wheel_metadata(wheel)).requires, edges):
        return wheel
    target = _within(folder, wheel.name)
    rewrite_wheel(wheel, target, lambda data: edit_metadata(data, edges))
    return target


def finished_wheel(wheel: Path, edges: _Edges, folder: Path) -> Path:
    """The same, and no mode of a file tells who built it."""
    bound = bound_wheel(wheel, edges, folder)
    if bound != wheel or not has_personal_modes(wheel):
        return bound
    target = _within(folder, wheel.name)
    rewrite_wheel(wheel, target, lambda data: data)
    return target


def _within(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    return folder / name
