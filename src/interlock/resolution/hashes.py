"""Hashes for files whose index tells none: a lock holds one for every file, so these are fetched once and hashed.

What the previous lock says of a file is believed: were the file another one since, installing it would fail, as it
should.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Registry

if TYPE_CHECKING:
    from interlock.index.view import View

__all__ = ["fill_hashes", "hashed"]

_AT_ONCE = 16


async def fill_hashes(client: View, lock: Lock, old: Lock | None) -> Lock:
    """The lock with a hash for every file of an index."""
    if all(artifact.sha256 for package in lock.packages for artifact in package.artifacts):
        return lock
    known = _known(old)
    limit = anyio.CapacityLimiter(_AT_ONCE)
    packages = list(lock.packages)

    async def fill(number: int) -> None:
        package = packages[number]
        assert isinstance(package.source, Registry), package
        found = []
        for artifact in package.artifacts:
            before = known.get((package.source.index, artifact.filename))
            if not artifact.sha256 and before is not None and before.size in {None, artifact.size}:
                artifact = before
            elif not artifact.sha256:
                async with limit:
                    artifact = await hashed(client, package.name, package.source.index, artifact)
            found.append(artifact)
        packages[number] = msgspec.structs.replace(package, artifacts=tuple(found))

    async with anyio.create_task_group() as tasks:
        for number, package in enumerate(packages):
            if isinstance(package.source, Registry):
                tasks.start_soon(fill, number)
    return msgspec.structs.replace(lock, packages=tuple(packages))


def _known(old: Lock | None) -> dict[tuple[str, str], Artifact]:
    return {
        (package.source.index, artifact.filename): artifact
        for package in (old.packages if old is not None else ())
        if isinstance(package.source, Registry)
        for artifact in package.artifacts
        if artifact.sha256
    }


async def hashed(client: View, name: NormalizedName, index: str, artifact: Artifact) -> Artifact:
    """A file of an index with its hash and size; fetched."""
    content = await client.download(name, index, artifact)
    if isinstance(content, bytes):
        return _with(artifact, hashlib.sha256(content).hexdigest(), len(content))

    digest, size = await anyio.to_thread.run_sync(_consume, content)
    return _with(artifact, digest, size)


def _with(artifact: Artifact, sha256: str, size: int) -> Artifact:
    """A file that has been compared with what the index says of it."""
    return msgspec.structs.replace(artifact, sha256=sha256, hashes="", size=size)


def _consume(path: Path) -> tuple[str, int]:
    """Hash and size of a file that nobody else needs."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    finally:
        path.unlink(missing_ok=True)
