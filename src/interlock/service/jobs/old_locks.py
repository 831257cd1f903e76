"""Old locks by their digests: what a client was answered, or has sent once, it need not send again."""

from __future__ import annotations

import msgspec

from interlock.core.lock.model import Lock
from interlock.service.protocol import digest_of, encode
from interlock.store.layout import Bucket, Layout

__all__ = ["OldLocks"]


class OldLocks:
    """In the store, each under the digest of its own bytes; a damaged one is an absent one. Blocking."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def __repr__(self) -> str:
        return f"<OldLocks in {self._layout.root}>"

    def find(self, digest: str) -> Lock | None:
        data = self._layout.read(self._layout.entry(Bucket.OLD_LOCKS, digest))
        return _read(data, digest) if data is not None else None

    def take(self, data: bytes, digest: str) -> Lock | None:
        """One that was sent along; None when it is not what it was said to be."""
        lock = _read(data, digest)
        if lock is not None:
            self._layout.remember(self._layout.entry(Bucket.OLD_LOCKS, digest), data)
        return lock

    def keep(self, lock: Lock) -> None:
        """One that was made here; clients will name it the next time."""
        data = encode(lock)
        self._layout.remember(self._layout.entry(Bucket.OLD_LOCKS, digest_of(data)), data)


def _read(data: bytes, digest: str) -> Lock | None:
    if digest_of(data) != digest:
        return None
    try:
        return msgspec.json.decode(data, type=Lock)
    except (msgspec.DecodeError, RecursionError):
        return None
