"""Builds that are the client's: what it told is used, and what it has still to build is found as far as one can see.

A service runs no foreign code. Where a package has to be built to know what it requires, the solver waits; when
nothing else is under way any more, all that it waits for is what the client has to do.
"""

from __future__ import annotations

from collections.abc import Iterable

import anyio
import anyio.lowlevel

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.index.outcomes import Absent, NeedsBuild, Unavailable
from interlock.resolution.driver import Index
from interlock.service.protocol import Fact, Needed

__all__ = ["ClientBuilds", "CountedIndex"]

_ROUNDS = 20
"""Turns of the loop in which nothing begins, after which nothing will."""


class CountedIndex:
    """An index that knows whether it is being asked for something."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.asked = 0
        """Answers that are outstanding."""
        self._idle = anyio.Event()
        self._idle.set()

    def __repr__(self) -> str:
        return f"<CountedIndex [{self.asked}] of {self._index!r}>"

    async def idle(self) -> None:
        await self._idle.wait()

    async def listing(self, name: NormalizedName, index: str | None = None) -> Listing | Absent:
        self._begin()
        try:
            return await self._index.listing(name, index)
        finally:
            self._end()

    async def metadata(
        self, listing: Listing, position: int, artifacts: tuple[Artifact, ...] | None = None
    ) -> Metadata | NeedsBuild | Unavailable:
        self._begin()
        try:
            return await self._index.metadata(listing, position, artifacts)
        finally:
            self._end()

    def _begin(self) -> None:
        if not self.asked:
            self._idle = anyio.Event()
        self.asked += 1

    def _end(self) -> None:
        self.asked -= 1
        if not self.asked:
            self._idle.set()


class ClientBuilds:
    """Called for the metadata of what has to be built; cancels ``scope`` when there is nothing left to do but build."""

    def __init__(self, facts: Iterable[Fact], index: CountedIndex, scope: anyio.CancelScope) -> None:
        self._facts = {(fact.name, fact.version, fact.index): fact for fact in facts}
        self._index = index
        self._scope = scope
        self._missing: dict[tuple[NormalizedName, str, str], Needed] = {}

    def __repr__(self) -> str:
        return f"<ClientBuilds: {len(self._facts)} known, {len(self._missing)} missing>"

    @property
    def missing(self) -> tuple[Needed, ...]:
        """Sorted."""
        return tuple(self._missing[key] for key in sorted(self._missing))

    async def __call__(
        self, name: NormalizedName, version: str, index: str, artifact: Artifact
    ) -> Metadata | Unavailable:
        key = (name, version, index)
        fact = self._facts.get(key)
        if fact is not None:
            return fact.metadata if fact.metadata is not None else Unavailable(fact.reason)
        self._missing[key] = Needed(name=name, version=version, index=index, artifact=artifact)
        while True:
            await self._index.idle()
            if await self._stays_idle():
                self._scope.cancel()
                await anyio.sleep_forever()

    async def _stays_idle(self) -> bool:
        """Whether those that were waiting for the last answer begin nothing new."""
        for _ in range(_ROUNDS):
            await anyio.lowlevel.checkpoint()
            if self._index.asked:
                return False
        return True
