"""How many requests a host gets at a time: as many as it bears.

Additive increase, multiplicative decrease: trouble halves the number, once per burst of trouble, and every window of
answers without trouble adds one.

A host may also be left alone for a while after it failed: then one request finds out whether it is back, and whoever
else comes is told at once how long that will take.
"""

from __future__ import annotations

from types import TracebackType

import anyio

__all__ = ["HostLimit", "Slot"]

_LEAST = 1
_LONGEST_REST = 3600.0


class HostLimit:
    """One host's share."""

    def __init__(self, most: int, rest: float = 0.0) -> None:
        """``rest``: seconds for which the host is left alone after a failure that says nothing of how long."""
        self._most = most
        self._rest = rest
        self._until = 0.0
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

    def left_alone(self, now: float) -> float:
        """Seconds for which nothing may be asked; with 0 the caller asks, and others wait for what it finds."""
        if not self._until:
            return 0.0
        if now < self._until:
            return self._until - now
        self._until = now + self._rest
        return 0.0

    def fail(self, now: float, asked: float | None) -> None:
        """Leave the host alone: as long as it asked for, but not for ever."""
        if self._rest:
            self._until = max(self._until, now + min(max(self._rest, asked or 0.0), _LONGEST_REST))

    def recover(self) -> None:
        self._until = 0.0

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

    __slots__ = ("_limit", "_limiter", "generation", "waited")

    def __init__(self, limit: HostLimit, limiter: anyio.CapacityLimiter) -> None:
        self._limit = limit
        self._limiter = limiter
        self.generation = 0
        self.waited = False

    async def __aenter__(self) -> Slot:
        self.waited = self._limiter.available_tokens <= 0
        await self._limiter.acquire_on_behalf_of(self)
        self.generation = self._limit.generation
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.release_on_behalf_of(self)
