"""Do each thing once: the first caller does it, all others wait for its result.

:class:`Once` remembers what came out, for as long as a run takes; :class:`Flights` forgets it at once, so that it can
live as long as a service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Generic, TypeVar

import anyio

__all__ = ["Flights", "Once"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight(Generic[V]):
    __slots__ = ("done", "error", "result")

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.error: BaseException | None = None
        self.result: tuple[V] | None = None


class Flights(Generic[K, V]):
    """What is being done, by key. A failure is told to those who wait."""

    def __init__(self) -> None:
        self._flights: dict[K, _Flight[V]] = {}

    def __repr__(self) -> str:
        return f"<Flights [{len(self._flights)} running]>"

    def __len__(self) -> int:
        return len(self._flights)

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        while True:
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key, make)
            await flight.done.wait()
            if flight.error is not None:
                raise flight.error
            if flight.result is not None:
                return flight.result[0]
            # Neither a result nor an error: the leader was cancelled, so somebody else has to lead.

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
            flight.result = (result,)
            return result
        finally:
            del self._flights[key]
            flight.done.set()


class Once(Generic[K, V]):
    """Results by key for the lifetime of a run. A failure is told to those who wait and then forgotten."""

    def __init__(self) -> None:
        self._results: dict[K, V] = {}
        self._flights: Flights[K, V] = Flights()

    def __repr__(self) -> str:
        return f"<Once [{len(self._results)} done, {len(self._flights)} running]>"

    def __iter__(self) -> Iterator[K]:
        """The keys of what is done."""
        return iter(self._results)

    def known(self, key: K) -> V | None:
        return self._results.get(key)

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        if key in self._results:
            return self._results[key]

        async def keep() -> V:
            result = self._results[key] = await make()
            return result

        return await self._flights.get(key, keep)
