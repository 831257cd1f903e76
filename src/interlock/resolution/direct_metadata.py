"""What a direct source holds: its metadata, from a repository, a directory or an archive."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import anyio
import anyio.to_thread
import msgspec

from interlock.build.source_tree import SourceTree
from interlock.core.artifacts.artifact import Artifact
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import parse_metadata
from interlock.core.names import NormalizedName
from interlock.core.sources.addresses import parts_of
from interlock.core.sources.source import Directory, File, Git, Source, Url
from interlock.resolution.stated_index import stated_metadata
from interlock.store.archives import add_wheel
from interlock.toolchain.checkouts import checkout_tree, locate
from interlock.toolchain.sdists import archive_tree
from interlock.toolchain.toolchain import Toolchain

__all__ = ["learn"]


async def learn(
    toolchain: Toolchain, name: NormalizedName, source: Source, *, root: Path
) -> tuple[Source, Metadata, Artifact | None]:
    """The source as a lock names it, its metadata, and its file when it is an archive.

    A moving reference is replaced by a commit, and hashes are compared and then dropped: the file has its own. A git
    source that names a commit stays at it. Raises what fetching, unpacking and building raise.
    """
    if isinstance(source, Git):
        source = source if source.commit else await locate(toolchain, source, root=root)
        tree = await checkout_tree(toolchain, source, root=root)
        return source, await _of_tree(toolchain, SourceTree(path=tree, name=name, identity=source.identity)), None
    if isinstance(source, Directory):
        return source, await _of_tree(toolchain, SourceTree(path=root / source.path, name=name)), None
    assert isinstance(source, Url | File), source
    found = await _of_archive(toolchain, name, source, root)
    return msgspec.structs.replace(source, hashes=""), *found


async def _of_tree(toolchain: Toolchain, tree: SourceTree) -> Metadata:
    stated = stated_metadata(toolchain).of_source(tree.name) if tree.name else None
    if stated is not None:
        return stated
    builder = await toolchain.builder()
    return await builder.metadata(tree)


async def _of_archive(
    toolchain: Toolchain, name: NormalizedName, source: Url | File, root: Path
) -> tuple[Metadata, Artifact]:
    if isinstance(source, Url):
        url, filename = source.url, unquote(parts_of(source.url).path.rpartition("/")[2])
    else:
        path = root / source.path
        url, filename = path.as_uri(), path.name
    fetched = await toolchain.client.fetch_url(url, hashes=source.hashes)
    content, layout = fetched.content, toolchain.layout
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    artifact = Artifact(filename=filename, sha256=fetched.sha256, size=size)
    if artifact.is_wheel:
        stored = await anyio.to_thread.run_sync(
            lambda: add_wheel(layout, content, filename=filename, sha256=fetched.sha256)
        )
        told = parse_metadata(stored.metadata)
        return stated_metadata(toolchain).of(told.name, told.version) or told, artifact
    async with archive_tree(layout, fetched, filename, name=name, subdirectory=source.subdirectory) as tree:
        return await _of_tree(toolchain, tree), artifact
