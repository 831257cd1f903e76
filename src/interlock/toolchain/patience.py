"""Patience with a place that need not be there: how long a whole run may wait for it.

A run waits while something was asked for and nothing comes. What comes buys time, as much as it would take to come at a
pace that is worth it: so neither silence nor a drip keeps anybody for longer than a second in all, and a large file may
take as long as it likes. What is of use makes up for the wait, and of a place that says all the while that it is there,
because many ask it, an answer is awaited for longer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import anyio

from interlock.index.fetcher import FetchFailed

__all__ = ["Patience"]

T = TypeVar("T")

_WAIT = 0.7
"""Seconds that a run may wait in all, besides ..."""
_FREE = 0.25
"""... so many from one thing that comes to the next; with both it is never more than one second before all is over."""
_PACE = 256 << 10
"""Bytes per second that are worth waiting for."""
_TURN = 0.05
"""Seconds between two looks. No look counts for more: it is not the place's fault when this process had no turn."""
_ALIVE = 1.0
"""Seconds for which a place that has just said that it is there counts as busy."""
_BUSY = 0.1
"""What a second counts of such a place: it has ten in all."""


class Patience:
    def __init__(self) -> None:
        self._left = _WAIT
        self._seen = self._until = self._alive = 0.0
        self._waiting = 0

    def __repr__(self) -> str:
        return f"<Patience {self._left:.2f} s>"

    def came(self, size: int = 0) -> None:
        """Something has come or was taken: so many bytes, or an answer."""
        now = monotonic()
        bought = size / _PACE if size else _FREE
        self._until = min(max(self._until, now) + bought, now + _FREE)

    def is_there(self) -> None:
        """The place has said so, unasked."""
        self._alive = monotonic() + _ALIVE

    def was_worth_it(self, part: float = 1.0) -> None:
        """What came is of use: as good as if this part of all patience had not been needed."""
        self._left = min(_WAIT, self._left + part * _WAIT)

    async def keep(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Wait for an answer as long as patience lasts. Raises :class:`FetchFailed`."""
        found: list[T | FetchFailed] = []

        async def run() -> None:
            try:
                found.append(await ask())
            except FetchFailed as error:
                found.append(error)
            tasks.cancel_scope.cancel()

        if not self._waiting:
            self._seen = monotonic()
            self._until = self._seen + _FREE
        self._waiting += 1
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run)
                while self._left > 0:
                    await anyio.sleep(_TURN)
                    self._look()
                tasks.cancel_scope.cancel()
        finally:
            self._waiting -= 1
        if not found:
            raise FetchFailed("timeout", "it kept this run waiting for a second")
        if isinstance(found[0], FetchFailed):
            raise found[0]
        self.came()
        return found[0]

    def _look(self) -> None:
        now = monotonic()
        if now > self._until:
            self._left -= min(now - self._seen, _TURN) * (_BUSY if now < self._alive else 1.0)
        self._seen = now
