"""Source archives made ready for the builder."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from interlock.build.sdist import locate_tree, unpack_sdist
from interlock.build.source_tree import SourceTree
from interlock.core.artifacts.artifact import Artifact
from interlock.core.names import NormalizedName
from interlock.core.settings.limits import Limits
from interlock.store.layout import Layout
from interlock.store.space import write_file
from interlock.toolchain.toolchain import Toolchain

if TYPE_CHECKING:
    from interlock.index.downloads import Fetched

__all__ = ["archive_tree", "identity_of", "sdist_tree", "unpack"]


@asynccontextmanager
async def sdist_tree(
    toolchain: Toolchain, name: NormalizedName, version: str, index: str, artifact: Artifact
) -> AsyncIterator[SourceTree]:
    """Fetch an index's sdist, verified, and unpack it for as long as it is needed."""
    async with _scratch(toolchain.layout) as folder:
        archive = folder / artifact.filename
        await toolchain.client.download(name, index, artifact, archive)
        path = await unpack(archive, folder / "tree", toolchain.layout.limits)
        yield SourceTree(path=path, name=name, version=version, identity=identity_of(artifact.sha256))


@asynccontextmanager
async def archive_tree(
    layout: Layout, fetched: Fetched, filename: str, *, name: NormalizedName | None = None, subdirectory: str = ""
) -> AsyncIterator[SourceTree]:
    """Unpack an archive that was fetched, and point at the project in it, for as long as it is needed."""
    async with _scratch(layout) as folder:
        archive = folder / filename
        if isinstance(fetched.content, bytes):
            await anyio.to_thread.run_sync(write_file, archive, fetched.content)
        else:
            await anyio.to_thread.run_sync(shutil.move, fetched.content, archive)
        path = await unpack(archive, folder / "tree", layout.limits, subdirectory)
        yield SourceTree(path=path, name=name, identity=identity_of(fetched.sha256, subdirectory))


async def unpack(archive: Path, target: Path, limits: Limits, subdirectory: str = "") -> Path:
    """Unpack a source archive; the directory of the project in it."""

    def work() -> Path:
        root = unpack_sdist(archive, target, limits)
        return locate_tree(root, subdirectory, shown=archive.name) if subdirectory else root

    return await anyio.to_thread.run_sync(work)


def identity_of(sha256: str, subdirectory: str = "") -> str:
    """What an archive's tree is known by, wherever it is unpacked; empty where nothing is known of the archive."""
    return f"{sha256}:{subdirectory}" if sha256 else ""


@asynccontextmanager
async def _scratch(layout: Layout) -> AsyncIterator[Path]:
    """A folder that is gone afterwards, whatever happens."""
    folder = layout.temporary_directory()
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))
