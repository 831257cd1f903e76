"""Fetching what a lock names before anybody asks for it."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Registry
from interlock.errors import InterlockError
from interlock.service.proxy.proxy import Proxy

__all__ = ["Missing", "Warmed", "warm"]

_AT_ONCE = 16


class Missing(msgspec.Struct, frozen=True):
    """A file that could not be had."""

    filename: str
    index: str
    why: str


class Warmed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    fetched: int
    there: int
    """Files that were stored before."""
    missing: tuple[Missing, ...]
    """Sorted by file name."""


async def warm(proxy: Proxy, lock: Lock, *, progress: Callable[[str], None] = lambda filename: None) -> Warmed:
    """Store every file of a lock that comes from an index which is served under the same name, and its metadata.

    ``progress`` is told the name of each file that is done. What cannot be had is told and keeps nothing else.
    """
    found = _Found()
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def one(index: str, name: NormalizedName, artifact: Artifact) -> None:
        async with limit:
            try:
                await _store(proxy, found, index, name, artifact)
            except InterlockError as error:
                found.missing.append(Missing(artifact.filename, index, error.message))
            progress(artifact.filename)

    async with anyio.create_task_group() as tasks:
        for package in lock.packages:
            if isinstance(package.source, Registry):
                for artifact in package.artifacts:
                    tasks.start_soon(one, package.source.index, package.name, artifact)
    missing = tuple(sorted(found.missing, key=lambda each: (each.filename, each.index)))
    return Warmed(fetched=found.fetched, there=found.there, missing=missing)


class _Found:
    def __init__(self) -> None:
        self.fetched = 0
        self.there = 0
        self.missing: list[Missing] = []


async def _store(proxy: Proxy, found: _Found, index: str, name: NormalizedName, artifact: Artifact) -> None:
    def lacks(why: str) -> None:
        found.missing.append(Missing(artifact.filename, index, why))

    served = proxy.index(index)
    if served is None:
        lacks("no index of this name is served")
        return
    choice = proxy.choices.of(served, name)
    if await proxy.own_file(served, choice, name, artifact.filename) is not None:
        found.there += 1
        return
    located = await proxy.locate(served, choice, name, artifact.filename)
    if located is None:
        lacks("the index does not have it")
    elif artifact.sha256 and located.artifact.sha256 not in {"", artifact.sha256}:
        lacks("the index has another file of this name")
    else:
        was_there = proxy.files.stored(located) is not None
        await proxy.files.whole(located)
        if located.artifact.is_wheel:
            await proxy.files.metadata(located)
        found.there += was_there
        found.fetched += not was_there
