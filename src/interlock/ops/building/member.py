"""Building one member: its sdist, then the wheel from that sdist, remembered under the digest of what went in.

Where the workspace's policy gives requirements on other members a range, it is written into the sdist, so that a wheel
built from that sdist anywhere says the same; what a backend computes all the same is corrected in the wheel.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.frontend import Builder
from interlock.build.repack import read_wheel_metadata, rewrite_sdist, rewrite_wheel
from interlock.build.source_tree import SourceTree
from interlock.core.editing.bounds import Edge
from interlock.core.metadata_edit import edit_manifest, edit_metadata, edit_requires_txt, outdated
from interlock.core.metadata_text import parse_metadata
from interlock.core.names import NormalizedName
from interlock.ops.building.records import Record, RecordedFile, Records, file_facts
from interlock.workspace.internal_bounds import InternalBounds
from interlock.workspace.sdists import archive_tree
from interlock.workspace.siblings import BuildSiblings
from interlock.workspace.toolchain import Toolchain

__all__ = ["BuildSettings", "MemberBuild", "Outcome"]

_FORMAT = 1


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    record: Record
    folder: Path
    """In the store; holds the record's files."""
    cached: bool


class BuildSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the builds of one command have in common."""

    toolchain: Toolchain
    siblings: BuildSiblings
    bounds: InternalBounds
    sdist: bool
    wheel: bool


_Edges = Mapping[NormalizedName, Edge]


class MemberBuild:
    """The build of one member."""

    def __init__(self, settings: BuildSettings, name: NormalizedName) -> None:
        self._toolchain = settings.toolchain
        self._settings = settings
        self._name = name
        self._records = Records(settings.toolchain.layout)

    def __repr__(self) -> str:
        return f"<MemberBuild {self._name}>"

    async def run(self) -> Outcome:
        builder = await self._toolchain.builder()
        tree = await self._settings.siblings.source(self._name, builder)
        digest = await builder.digest("sdist" if self._settings.sdist else "wheel", tree)
        edges = await self._settings.bounds.edges(self._name, builder)
        key = self._key(digest, edges) if digest else ""
        if key:
            found = await anyio.to_thread.run_sync(self._records.load, key)
            if found is not None:
                return Outcome(record=found, folder=self._records.folder(key), cached=True)
        async with self._scratch() as scratch:
            paths = await self._build(builder, tree, edges, scratch)
            return await anyio.to_thread.run_sync(self._keep, key, paths)

    def _key(self, digest: str, edges: _Edges) -> str:
        parts = (_FORMAT, digest, self._settings.sdist, self._settings.wheel, edges)
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[Path]:
        folder = self._toolchain.layout.temporary_directory()
        try:
            yield folder
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _build(self, builder: Builder, tree: SourceTree, edges: _Edges, scratch: Path) -> dict[str, Path]:
        paths: dict[str, Path] = {}
        if self._settings.sdist:
            sdist = await builder.sdist(tree)
            paths["sdist"] = await anyio.to_thread.run_sync(_bound_sdist, sdist, edges, scratch) if edges else sdist
        if self._settings.wheel:
            if "sdist" in paths:
                tree = await self._unpacked(paths["sdist"], tree, scratch)
            wheel = await builder.wheel(tree)
            paths["wheel"] = await anyio.to_thread.run_sync(_bound_wheel, wheel, edges, scratch) if edges else wheel
        return paths

    async def _unpacked(self, sdist: Path, tree: SourceTree, scratch: Path) -> SourceTree:
        facts = await anyio.to_thread.run_sync(file_facts, sdist, "sdist")
        unpacked = await archive_tree(
            sdist, scratch / "tree", name=self._name, version=_version_of(sdist), identity=facts.sha256
        )
        return msgspec.structs.replace(unpacked, ingredients=tree.ingredients)

    def _keep(self, key: str, paths: dict[str, Path]) -> Outcome:
        files: tuple[RecordedFile, ...] = tuple(file_facts(path, kind) for kind, path in sorted(paths.items()))
        some = next(iter(paths.values()))
        record = Record(version=_version_of(some), files=files)
        # Without a digest nobody can ask for it again, but equal files still are one entry.
        key = key or hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
        folder = self._records.save(key, record, {path.name: path for path in paths.values()})
        return Outcome(record=record, folder=folder, cached=False)


def _bound_sdist(sdist: Path, edges: _Edges, scratch: Path) -> Path:
    """The sdist with the ranges in what a build from it reads, and in what it says of itself."""

    def change(path: str, data: bytes) -> bytes:
        name = path.rpartition("/")[2]
        if path == "pyproject.toml":
            return edit_manifest(data, edges)
        if name == "PKG-INFO":
            return edit_metadata(data, edges)
        if name == "requires.txt" and ".egg-info/" in path:
            return edit_requires_txt(data, edges)
        return data

    target = scratch / sdist.name
    rewrite_sdist(sdist, target, change)
    return target


def _bound_wheel(wheel: Path, edges: _Edges, scratch: Path) -> Path:
    """The wheel itself when its backend took the ranges over, else a corrected one."""
    if not outdated(parse_metadata(read_wheel_metadata(wheel)).requires, edges):
        return wheel
    target = scratch / wheel.name
    rewrite_wheel(wheel, target, lambda data: edit_metadata(data, edges))
    return target


def _version_of(path: Path) -> str:
    """The version in the name of an sdist or a wheel."""
    if path.name.endswith(".whl"):
        return path.name.split("-")[1]
    return path.name.removesuffix(".tar.gz").rpartition("-")[2]
