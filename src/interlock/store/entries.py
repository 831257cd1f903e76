"""Small values kept in the store as msgpack, each in a file of its own. A damaged entry is an absent one."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from interlock.store.layout import Bucket, Layout

__all__ = ["Entries"]

T = TypeVar("T")


class Entries(Generic[T]):
    """Values of one type in one bucket."""

    def __init__(self, layout: Layout, bucket: Bucket, kind: type[T]) -> None:
        self._layout = layout
        self._bucket = bucket
        self._decoder = msgspec.msgpack.Decoder(kind)

    def __repr__(self) -> str:
        return f"<Entries {self._bucket} in {self._layout.root}>"

    def path(self, key: str, folder: str = "") -> Path:
        """Where an entry is: in a folder of the bucket, or spread by its key."""
        if folder:
            return self._layout.bucket(self._bucket) / folder / key
        return self._layout.entry(self._bucket, key)

    def load(self, key: str, folder: str = "") -> T | None:
        data = self._layout.read(self.path(key, folder))
        if data is None:
            return None
        try:
            return self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def save(self, key: str, value: T, folder: str = "") -> None:
        self._layout.remember(self.path(key, folder), msgspec.msgpack.encode(value))
