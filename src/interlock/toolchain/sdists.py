"""Source archives made ready for the builder."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.build.sdist import locate_tree, unpack_sdist
from interlock.build.source_tree import SourceTree
from interlock.core.artifacts.artifact import Artifact
from interlock.core.names import NormalizedName
from interlock.core.settings.limits import DEFAULT, Limits
from interlock.toolchain.toolchain import Toolchain

__all__ = ["archive_tree", "sdist_tree"]


@asynccontextmanager
async def sdist_tree(
    toolchain: Toolchain, name: NormalizedName, version: str, index: str, artifact: Artifact
) -> AsyncIterator[SourceTree]:
    """Fetch an index's sdist, verified, and unpack it for as long as it is needed."""
    folder = toolchain.layout.temporary_directory()
    try:
        archive = folder / artifact.filename
        await toolchain.client.download(name, index, artifact, archive)
        yield await archive_tree(
            archive,
            folder / "tree",
            name=name,
            version=version,
            identity=artifact.sha256,
            limits=toolchain.layout.limits,
        )
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))


async def archive_tree(
    archive: Path,
    target: Path,
    *,
    name: NormalizedName | None = None,
    version: str | None = None,
    identity: str = "",
    subdirectory: str = "",
    limits: Limits = DEFAULT,
) -> SourceTree:
    """Unpack a source archive and point at the project in it."""

    def unpack() -> Path:
        root = unpack_sdist(archive, target, limits)
        return locate_tree(root, subdirectory, shown=archive.name) if subdirectory else root

    path = await anyio.to_thread.run_sync(unpack)
    return SourceTree(path=path, name=name, version=version, identity=f"{identity}:{subdirectory}" if identity else "")
