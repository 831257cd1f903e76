"""What locked packages say of themselves now: their metadata, and the files that their indexes have of them."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from interlock.core.lock.graph import Key, key_of
from interlock.core.lock.model import Lock, LockedPackage
from interlock.core.metadata.metadata import Metadata
from interlock.core.resolver.problem import DirectPackage
from interlock.core.soundness.evidence import Published
from interlock.core.sources.source import Registry
from interlock.index.outcomes import Absent, NeedsBuild
from interlock.resolution.built_metadata import built_metadata
from interlock.resolution.stated_index import StatedIndex, stated_metadata
from interlock.toolchain.toolchain import Toolchain

__all__ = ["published"]


async def published(toolchain: Toolchain, lock: Lock, direct: Iterable[DirectPackage]) -> dict[Key, Published]:
    """By package; one whose metadata cannot be had is left out. Raises what the indexes and builds raise."""
    found: dict[Key, Published] = {}
    client = StatedIndex(toolchain.client, stated_metadata(toolchain))
    elsewhere = {(one.name, one.source): one.known for one in direct}
    async with anyio.create_task_group() as tasks:
        for package in lock.packages:
            if isinstance(package.source, Registry):
                tasks.start_soon(_learn, toolchain, client, package, package.source.index, found)
            else:
                known = elsewhere.get((package.name, package.source))
                if known is not None:
                    found[key_of(package)] = Published(
                        requires=known.requires, extras=known.extras, requires_python=known.requires_python
                    )
    return found


async def _learn(
    toolchain: Toolchain, client: StatedIndex, package: LockedPackage, index: str, found: dict[Key, Published]
) -> None:
    listing = await client.listing(package.name, index)
    if isinstance(listing, Absent) or package.version not in listing.versions:
        return
    position = listing.versions.index(package.version)
    files = listing.artifacts(position)
    kept = {artifact.filename for artifact in package.artifacts}
    usable = tuple(artifact for artifact in files if artifact.filename in kept)
    told = await client.metadata(listing, position, usable or files)
    if isinstance(told, NeedsBuild):
        told = await built_metadata(toolchain, package.name, package.version, index, told.artifact)
    if isinstance(told, Metadata):
        found[key_of(package)] = Published(
            requires=told.requires, extras=frozenset(told.extras), requires_python=told.requires_python, files=files
        )
