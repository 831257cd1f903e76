"""Room: how much a service may keep, taken before anything is written, so that its disk is never filled by others."""

from __future__ import annotations

import threading
from collections.abc import Callable

from interlock.errors import ServiceError
from interlock.service.state.data_folder import DataFolder
from interlock.service.state.retention import (
    Freed,
    Retention,
    choose_dropped,
    drop,
    drop_leftovers,
    kept_in,
    size_of,
)

__all__ = ["Room", "StoreFull"]

_BREATH = 0.1
"""Of all room: what is made free at once, so that not every file has to look for its own."""


class StoreFull(ServiceError):
    code = "store-full"

    def __init__(self, wanted: int, most: int) -> None:
        super().__init__(
            f"There is no room for {wanted} bytes more: the service keeps {most} at most.",
            hint="Whoever runs the service can raise `max-store-bytes`, or delete packages that were uploaded.",
            facts={"wanted": wanted, "limit": most},
        )


class Room:
    """Counts what is written by this process, and looks at what is there whenever it sweeps.

    Every method blocks, and may be called from any thread.
    """

    def __init__(self, folder: DataFolder, retention: Retention, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._retention = retention
        self._clock = clock
        self._guard = threading.Lock()
        self._used = 0
        self._looked = False

    def __repr__(self) -> str:
        return f"<Room {self._used} of {self._retention.max_store_bytes}>"

    @property
    def used(self) -> int:
        """Bytes, as far as is known."""
        return self._used

    def take(self, size: int) -> None:
        """Have room for some bytes that are about to be written. Raises :class:`StoreFull`."""
        most = self._retention.max_store_bytes
        with self._guard:
            if not self._looked or self._used + size > most:
                self._sweep(size)
            if self._used + size > most:
                raise StoreFull(size, most)
            self._used += size

    def sweep(self) -> Freed:
        """Drop what has not to be kept, and count again what is there."""
        with self._guard:
            return self._sweep(0)

    def _sweep(self, wanted: int) -> Freed:
        folder, most, now = self._folder, self._retention.max_store_bytes, self._clock()
        drop_leftovers((folder.store / "tmp", folder.packages / ".arriving"), now=now)
        kept = kept_in(folder.store)
        others = size_of(folder.packages) + size_of(folder.store / "tmp")
        in_store = sum(one.size for one in kept)
        room = most - others - wanted
        if in_store > room:
            room -= int(most * _BREATH)
        freed = drop(folder.store, choose_dropped(kept, self._retention, now=now, room=max(0, room)))
        self._used = in_store + others - freed.bytes
        self._looked = True
        return freed
