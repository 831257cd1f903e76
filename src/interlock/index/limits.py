"""How many requests a host gets at a time: as many as it bears.

Additive increase, multiplicative decrease: trouble halves the number, once per burst of trouble, and every window of
answers without trouble adds one.
"""

from __future__ import annotations

from types import TracebackType

import anyio

__all__ = ["HostLimit", "Slot"]

_LEAST = 1


class HostLimit:
    """One host's share."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limiter = anyio.CapacityLimiter(most)
        self._generation = 0
        self._good = 0

    def __repr__(self) -> str:
        return f"<HostLimit {self._limiter.borrowed_tokens} of {self.capacity} in use>"

    @property
    def capacity(self) -> int:
        return int(self._limiter.total_tokens)

    def slot(self) -> Slot:
        return Slot(self, self._limiter)

    @property
    def generation(self) -> int:
        """Counts the decreases; a request that began before the last one says nothing new about the host."""
        return self._generation

    def trouble(self, generation: int) -> None:
        if generation == self._generation:
            self._generation += 1
            self._good = 0
            self._limiter.total_tokens = max(_LEAST, self.capacity // 2)

    def success(self) -> None:
        if self.capacity < self._most:
            self._good += 1
            if self._good >= self.capacity:
                self._good = 0
                self._limiter.total_tokens = self.capacity + 1


class Slot:
    """The right to one request; ``async with``."""

    __slots__ = ("_limit", "_limiter", "generation")

    def __init__(self, limit: HostLimit, limiter: anyio.CapacityLimiter) -> None:
        self._limit = limit
        self._limiter = limiter
        self.generation = 0

    async def __aenter__(self) -> Slot:
        await self._limiter.acquire_on_behalf_of(self)
        self.generation = self._limit.generation
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.release_on_behalf_of(self)
