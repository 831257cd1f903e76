"""What was learned of the sources of a workspace and of the wheels it needs, kept in the store.

One file per workspace, ``workspaces-v1/<key of the root>/imports``. Sources are known by the digest of their bytes,
wheels by theirs, so that nothing in it can be out of date. Losing it costs time, nothing else.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from interlock.core.imports.modules import Modules
from interlock.core.imports.scan import Scan, scan
from interlock.store.layout import Bucket, Layout

__all__ = ["Memory"]

_FORMAT = 2
"""Goes up when the same bytes are read in another way."""


class _Contents(msgspec.Struct, frozen=True, array_like=True):
    format: int
    scans: dict[bytes, Scan]
    modules: dict[str, Modules]


_DECODER = msgspec.msgpack.Decoder(_Contents)


class Memory:
    """All of it is blocking."""

    def __init__(self, layout: Layout, root: Path) -> None:
        self._layout = layout
        key = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._path = layout.bucket(Bucket.WORKSPACES) / key / "imports"
        known = self._load()
        self._scans = known.scans
        self.modules = dict(known.modules)
        """What wheels offer, by sha256."""
        self._used: dict[bytes, Scan] = {}
        self._before = len(known.modules)

    def __repr__(self) -> str:
        return f"<Memory {self._path}>"

    def scan(self, source: bytes) -> Scan:
        """What a source file says."""
        digest = hashlib.sha256(source).digest()
        found = self._used.get(digest) or self._scans.get(digest)
        self._used[digest] = found = found or scan(source)
        return found

    def save(self) -> None:
        """Keep what is new; sources that were looked at before and not now stay until others are new."""
        if self._used.keys() <= self._scans.keys() and len(self.modules) == self._before:
            return
        self._layout.remember(self._path, msgspec.msgpack.encode(_Contents(_FORMAT, self._used, self.modules)))

    def _load(self) -> _Contents:
        data = self._layout.read(self._path)
        try:
            found = _DECODER.decode(data) if data is not None else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        return found if found is not None and found.format == _FORMAT else _Contents(_FORMAT, {}, {})
