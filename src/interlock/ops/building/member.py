"""Building one member: its sdist, then the wheel from that sdist, remembered under the digest of what went in.

Where the workspace's policy gives requirements on other members a range, it is written into the sdist, so that a wheel
built from that sdist anywhere says the same; where a backend computes requirements, the sdist says what they are.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.frontend import Kind
from interlock.core.names import NormalizedName
from interlock.ops.building.build_settings import BuildSettings, Edges
from interlock.store.build_records import FileKind, Record, RecordedFile, Records, file_facts, version_of

__all__ = ["MemberBuild", "Outcome"]

_FORMAT = 3


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    record: Record
    folder: Path
    """In the store; holds the record's files."""
    cached: bool


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
        async with self._scratch(digest) as scratch:
            # Most members have not changed, and nothing is made of them.
            from interlock.ops.building.making import Making  # noqa: PLC0415

            making = Making(self._settings, self._name, builder, edges, scratch)
            made, paths = await making.run(tree)
            if not builder.is_of(made, digest):
                key = ""  # the tree was edited meanwhile, or by its backend: these files are not of what it was
            return await anyio.to_thread.run_sync(self._keep, key, paths)

    def _key(self, digest: str, edges: Edges) -> str:
        parts = (_FORMAT, digest, self._settings.sdist, self._settings.wheel, edges)
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()

    @asynccontextmanager
    async def _scratch(self, digest: str) -> AsyncIterator[Path]:
        # Compilers write down where they work, so equal inputs are worked on in the same place.
        folder = self._toolchain.layout.temporary_directory(digest[:32])
        try:
            yield folder
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    def _keep(self, key: str, paths: dict[FileKind, Path]) -> Outcome:
        files: tuple[RecordedFile, ...] = tuple(file_facts(path, kind) for kind, path in sorted(paths.items()))
        some = next(iter(paths.values()))
        record = Record(version=version_of(some), files=files)
        # Without a digest nobody can ask for it again, but equal files still are one entry.
        key = key or hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
        folder = self._records.save(key, record, {path.name: path for path in paths.values()})
        return Outcome(record=record, folder=folder, cached=False)
