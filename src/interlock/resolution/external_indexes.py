"""Indexes of projects outside of the workspace: a lock says their names, and the projects' manifests where they are.

They answer for what their project's sources take from them and for nothing else. Credentials that are kept by the name
of an index are for the indexes of the workspace, so a project outside cannot ask for them; its own go by host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.core.lock.model import Lock
from interlock.core.sources.source import Directory, Git, Index, Registry, Source
from interlock.resolution.external_tree import ExternalTree
from interlock.toolchain.toolchain import Toolchain

__all__ = ["asking_external_indexes", "final_names", "read_external_tree"]


async def read_external_tree(toolchain: Toolchain, source: Source, root: Path) -> ExternalTree | None:
    """What the manifests around a source tree say; an archive says nothing."""
    ours = toolchain.indexes
    if isinstance(source, Directory):
        place = root / source.path
        return await anyio.to_thread.run_sync(lambda: ExternalTree(root, place, ours=ours))
    if not isinstance(source, Git):
        return None
    from interlock.toolchain.checkouts import checkout_tree  # noqa: PLC0415 - for those who have such sources

    top = await checkout_tree(toolchain, msgspec.structs.replace(source, subdirectory=""), root=root)
    return await anyio.to_thread.run_sync(
        lambda: ExternalTree(root, top / source.subdirectory, (source, top), ours=ours)
    )


def final_names(indexes: Mapping[str, Index], taken: Iterable[str]) -> dict[str, str]:
    """What indexes are called in the lock, by the keys of :attr:`ExternalTree.indexes`.

    As in the manifests, unless another index is called so too; one that has several names has the first.
    """
    by_url: dict[str, tuple[str, str]] = {}
    for key, index in sorted(indexes.items()):
        by_url.setdefault(index.url, (index.name, key))
    called = [name for name, _ in by_url.values()]
    taken = frozenset(taken)
    return {
        key: name if called.count(name) == 1 and name not in taken else first
        for key, index in indexes.items()
        for name, first in (by_url[index.url],)
    }


async def asking_external_indexes(toolchain: Toolchain, lock: Lock, root: Path) -> Toolchain:
    """The toolchain, asking the indexes too that a lock names and only projects outside of the workspace declare."""
    known = {index.name for index in toolchain.indexes}
    wanted = {
        package.source.index
        for package in lock.packages
        if isinstance(package.source, Registry) and package.source.index not in known
    }
    found: dict[str, Index] = {}
    for package in lock.packages:
        if wanted <= found.keys():
            break
        external = await read_external_tree(toolchain, package.source, root)
        for key, index in external.indexes.items() if external is not None else ():
            for name in {key, index.name} & wanted:
                found.setdefault(name, msgspec.structs.replace(index, name=name))
    return toolchain.asking(found[name] for name in sorted(found))
