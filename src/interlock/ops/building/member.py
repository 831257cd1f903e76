"""Building one member: its sdist, then the wheel from that sdist, remembered under the digest of what went in.

Where the workspace's policy gives requirements on other members a range, it is written into the sdist, so that a wheel
built from that sdist anywhere says the same; where a backend computes requirements, the sdist says what they are.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.frontend import Builder, Kind
from interlock.build.source_tree import SourceTree
from interlock.core.editing.bounds import Edge
from interlock.core.metadata import Metadata
from interlock.core.metadata_edit import outdated
from interlock.core.names import NormalizedName
from interlock.errors import BuildError
from interlock.events import Warned
from interlock.ops.building.finishing import bound_wheel, finished_sdist, pkg_info, settled_sdist
from interlock.ops.building.records import Record, RecordedFile, Records, file_facts
from interlock.workspace.internal_bounds import InternalBounds
from interlock.workspace.sdists import archive_tree
from interlock.workspace.siblings import BuildSiblings
from interlock.workspace.toolchain import Toolchain

__all__ = ["BuildSettings", "MemberBuild", "Outcome"]

_FORMAT = 2


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
    latest: int
    """No file of an sdist is younger (``SOURCE_DATE_EPOCH``)."""


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
        kind: Kind = "sdist" if self._settings.sdist else "wheel"
        digest = await builder.digest(kind, tree)
        edges = await self._settings.bounds.edges(self._name, builder)
        key = self._key(digest, edges) if digest else ""
        if key:
            found = await anyio.to_thread.run_sync(self._records.load, key)
            if found is not None:
                return Outcome(record=found, folder=self._records.folder(key), cached=True)
        async with self._scratch() as scratch:
            made, paths = await self._build(builder, tree, edges, scratch)
            if not builder.is_of(made, digest):
                key = ""  # the tree was edited meanwhile, or by its backend: these files are not of what it was
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

    async def _build(
        self, builder: Builder, tree: SourceTree, edges: _Edges, scratch: Path
    ) -> tuple[Path, dict[str, Path]]:
        """What the backend made of the tree, and the files by kind."""
        if not self._settings.sdist:
            made = await builder.wheel(tree)
            return made, {"wheel": await anyio.to_thread.run_sync(bound_wheel, made, edges, scratch)}
        made = await builder.sdist(tree)
        sdist = await anyio.to_thread.run_sync(finished_sdist, made, edges, self._settings.latest, scratch / "finished")
        if edges and self._settings.bounds.is_computed(self._name):
            sdist = await self._settled(builder, sdist, tree, edges, scratch)
        if not self._settings.wheel:
            return made, {"sdist": sdist}
        wheel = await builder.wheel(await self._unpacked(sdist, tree, scratch / "tree"))
        return made, {"sdist": sdist, "wheel": await anyio.to_thread.run_sync(bound_wheel, wheel, edges, scratch)}

    async def _settled(self, builder: Builder, sdist: Path, tree: SourceTree, edges: _Edges, scratch: Path) -> Path:
        """The sdist with its requirements written down, where its backend would compute them without the ranges."""
        unpacked = await self._unpacked(sdist, tree, scratch / "computed")
        if not outdated((await builder.metadata(unpacked)).requires, edges):
            return sdist
        said = await anyio.to_thread.run_sync(pkg_info, sdist)
        if said is not None and await self._is_same_everywhere(builder, said, unpacked):
            settled = await anyio.to_thread.run_sync(settled_sdist, sdist, said, scratch / "settled")
            with suppress(BuildError):  # a backend that insists on computing
                # Asked is the backend itself: what a manifest says is no news of one that does not read it.
                wheel = await builder.wheel(await self._unpacked(settled, tree, scratch / "again"))
                if await anyio.to_thread.run_sync(bound_wheel, wheel, edges, scratch) == wheel:
                    return settled
        self._toolchain.context.reporter.report(
            Warned(
                "computed-requirements",
                f"The sdist of {self._name} computes its requirements when it is built: a wheel that is built from it"
                " elsewhere does not have the ranges of `internal-bounds`.",
            )
        )
        return sdist

    async def _is_same_everywhere(self, builder: Builder, said: Metadata, tree: SourceTree) -> bool:
        """Whether every wheel of an sdist has the same requirements: it says so (PEP 643), or there is but one."""
        return "requires-dist" not in said.dynamic or (await builder.wheel(tree)).name.endswith("-any.whl")

    async def _unpacked(self, sdist: Path, tree: SourceTree, target: Path) -> SourceTree:
        facts = await anyio.to_thread.run_sync(file_facts, sdist, "sdist")
        unpacked = await archive_tree(sdist, target, name=self._name, version=_version_of(sdist), identity=facts.sha256)
        return msgspec.structs.replace(unpacked, ingredients=tree.ingredients)

    def _keep(self, key: str, paths: dict[str, Path]) -> Outcome:
        files: tuple[RecordedFile, ...] = tuple(file_facts(path, kind) for kind, path in sorted(paths.items()))
        some = next(iter(paths.values()))
        record = Record(version=_version_of(some), files=files)
        # Without a digest nobody can ask for it again, but equal files still are one entry.
        key = key or hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
        folder = self._records.save(key, record, {path.name: path for path in paths.values()})
        return Outcome(record=record, folder=folder, cached=False)


def _version_of(path: Path) -> str:
    """The version in the name of an sdist or a wheel."""
    if path.name.endswith(".whl"):
        return path.name.split("-")[1]
    return path.name.removesuffix(".tar.gz").rpartition("-")[2]
