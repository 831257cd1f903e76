"""Results that others made of the same inputs, and ours for them. Who may write there is believed as much as who builds
here: what comes has to be a result that the build could have given, and no more can be checked."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, TypeVar

import anyio
import anyio.to_thread
import msgspec

from interlock.build.results import BuildResult, Results
from interlock.store.blobs import SecondLevel
from interlock.store.layout import Bucket, Layout

__all__ = ["Asked", "SharedResults", "build_alone"]

T = TypeVar("T")


class Asked(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What is to be built, or had."""

    digest: str
    """Of all that goes in."""
    lock: anyio.Lock
    """Held while it is built or brought here."""
    stored: Callable[[], T | None]
    """What the store has of it."""
    fits: Callable[[Path, BuildResult], bool]
    """Whether a result is one of it; asked in a thread, with the folder that its file is in."""
    build: Callable[[], Awaitable[T]]
    is_needed: bool
    """Whether another build waits for it."""


async def build_alone(asked: Asked[T]) -> T:
    """What the store has, else our own."""
    async with asked.lock:
        found = asked.stored()
        return await asked.build() if found is None else found


class SharedResults:
    """``concurrency``: builds that are claimed at once; what is only to come is left to others."""

    def __init__(self, results: Results, layout: Layout, second: SecondLevel, concurrency: int) -> None:
        self._results = results
        self._layout = layout
        self._second = second
        self._claimed = anyio.CapacityLimiter(concurrency)

    def __repr__(self) -> str:
        return f"<SharedResults of {self._second!r}>"

    async def get(self, asked: Asked[T]) -> T:
        """What others built of the same inputs, or are building, else our own."""
        while True:
            async with asked.lock:
                if asked.stored() is None:
                    await self._load(asked)
                found = asked.stored()
            if found is not None:
                return found
            async with self._claiming(asked), asked.lock:
                found = asked.stored()
                if found is None:
                    found = await self._built(asked)
            if found is not None:
                return found
            if self._second.claims is not None:
                await self._second.claims.over(asked.digest)

    @asynccontextmanager
    async def _claiming(self, asked: Asked[T]) -> AsyncIterator[None]:
        """Wait until it is worth claiming something; what a build needs that has its claim waits for nothing."""
        if asked.is_needed or self._second.claims is None:
            yield
            return
        async with self._claimed:
            yield

    async def _built(self, asked: Asked[T]) -> T | None:
        """Build something and share it; None where another one has built it meanwhile, or is about to."""
        claims = self._second.claims
        if claims is None:
            return await self._made(asked)
        if not await claims.take(asked.digest):
            return None
        try:
            if await self._load(asked):
                return None
            return await self._made(asked)
        finally:
            with anyio.CancelScope(shield=True):
                await claims.leave(asked.digest)

    async def _made(self, asked: Asked[T]) -> T:
        made = await asked.build()
        await self._save(asked.digest)
        return made

    async def _load(self, asked: Asked[T]) -> bool:
        """Bring a result into the store, with its file; False when there is none, not all of it, or one that does not
        fit."""
        result = Results.decoded(await self._second.load(Bucket.BUILT, asked.digest))
        if result is None:
            return False
        folder = await anyio.to_thread.run_sync(self._layout.temporary_directory)
        try:
            name = result.filename
            if name and (os.path.basename(name) != name or name in {".", ".."}):
                return False
            if name and not await self._second.load_file(Bucket.FILES, result.sha256, folder / name):
                return False
            if not await anyio.to_thread.run_sync(asked.fits, folder, result):
                return False
            await anyio.to_thread.run_sync(self._results.save, asked.digest, result, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return True

    async def _save(self, digest: str) -> None:
        """Give others a result of the store; its file first, so that who finds the one finds the other."""
        result = self._results.load(digest)
        if result is None:
            return
        if result.filename:
            await self._second.save_file(Bucket.FILES, result.sha256, self._results.path(digest, result))
        await self._second.save(Bucket.BUILT, digest, msgspec.msgpack.encode(result))
