"""Do each thing once: the first caller does it, all others wait for its result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio

__all__ = ["Once"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight:
    __slots__ = ("done", "error")

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.error: BaseException | None = None


class Once(Generic[K, V]):
    """Results by key for the lifetime of a run. A failure is told to those who wait and then forgotten."""

    def __init__(self) -> None:
        self._results: dict[K, V] = {}
        self._flights: dict[K, _Flight] = {}

    def __repr__(self) -> str:
        return f"<Once [{len(self._results)} done, {len(self._flights)} running]>"

    def known(self, key: K) -> V | None:
        return self._results.get(key)

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        while key not in self._results:
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key, make)
            await flight.done.wait()
            if flight.error is not None:
                raise flight.error
            # Neither a result nor an error: the leader was cancelled, so somebody else has to lead.
        return self._results[key]

    async def _lead(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        flight = self._flights[key] = _Flight()
        try:
            result = await make()
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:
            flight.error = error
            raise
        else:
            self._results[key] = result
            return result
        finally:
            del self._flights[key]
            flight.done.set()
