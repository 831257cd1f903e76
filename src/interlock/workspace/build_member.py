"""Building one member: its sdist, then the wheel from that sdist, remembered under the digest of what went in."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.frontend import Builder
from interlock.build.source import SourceTree
from interlock.core.names import NormalizedName
from interlock.workspace.build_records import Record, RecordedFile, Records, file_facts
from interlock.workspace.sdists import archive_tree
from interlock.workspace.siblings import BuildSiblings
from interlock.workspace.toolchain import Toolchain

__all__ = ["MemberBuild", "Outcome"]

_FORMAT = 1


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    record: Record
    folder: Path
    """In the store; holds the record's files."""
    cached: bool


class MemberBuild:
    """The build of one member."""

    def __init__(
        self, toolchain: Toolchain, siblings: BuildSiblings, name: NormalizedName, *, sdist: bool, wheel: bool
    ) -> None:
        self._toolchain = toolchain
        self._siblings = siblings
        self._name = name
        self._sdist = sdist
        self._wheel = wheel
        self._records = Records(toolchain.layout)

    def __repr__(self) -> str:
        return f"<MemberBuild {self._name}>"

    async def run(self) -> Outcome:
        builder = await self._toolchain.builder()
        tree = await self._siblings.source(self._name, builder)
        digest = await builder.digest("sdist" if self._sdist else "wheel", tree)
        key = self._key(digest) if digest else ""
        if key:
            found = await anyio.to_thread.run_sync(self._records.load, key)
            if found is not None:
                return Outcome(record=found, folder=self._records.folder(key), cached=True)
        paths = await self._build(builder, tree)
        return await anyio.to_thread.run_sync(self._keep, key, paths)

    def _key(self, digest: str) -> str:
        parts = (_FORMAT, digest, self._sdist, self._wheel)
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()

    async def _build(self, builder: Builder, tree: SourceTree) -> dict[str, Path]:
        if not self._sdist:
            return {"wheel": await builder.wheel(tree)}
        sdist = await builder.sdist(tree)
        if not self._wheel:
            return {"sdist": sdist}
        return {"sdist": sdist, "wheel": await self._wheel_from(builder, sdist, tree)}

    async def _wheel_from(self, builder: Builder, sdist: Path, tree: SourceTree) -> Path:
        facts = await anyio.to_thread.run_sync(file_facts, sdist, "sdist")
        folder = self._toolchain.layout.temporary_directory()
        try:
            unpacked = await archive_tree(
                sdist, folder / "tree", name=self._name, version=_version_of(sdist), identity=facts.sha256
            )
            return await builder.wheel(msgspec.structs.replace(unpacked, ingredients=tree.ingredients))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

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
