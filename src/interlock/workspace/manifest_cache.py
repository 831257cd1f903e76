"""Parsed manifests, kept in the store: one that has not changed is read and hashed, never parsed again.

One file per workspace, ``workspaces-v1/<key of the root>/manifests``, msgpack of every member's manifest under the
digest of its bytes. Losing it costs time, nothing else.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from interlock.core.lock.inputs import own_inputs
from interlock.core.manifests.manifest import Manifest, ToolSettings
from interlock.store.layout import Bucket, Layout
from interlock.workspace.manifests_digest import manifests_digest

__all__ = ["ManifestCache"]

_FORMAT = " ".join(("4", *Manifest.__struct_fields__, *ToolSettings.__struct_fields__))
"""The number is raised when parsing the same bytes gives something else; new fields speak for themselves."""


class _Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    digest: bytes
    manifest: Manifest
    inputs: dict[str, str]


class _Contents(msgspec.Struct, frozen=True, array_like=True):
    format: str
    entries: dict[str, _Entry]
    """By the path of the member."""


_DECODER = msgspec.msgpack.Decoder(_Contents)
_FORMATS = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw])


class ManifestCache:
    """Manifests of one workspace. Without a layout nothing is kept."""

    def __init__(self, layout: Layout | None, root: Path) -> None:
        self._layout = layout
        self._root = root
        self._known: dict[str, _Entry] | None = None
        self._used: dict[str, _Entry] = {}
        self._changed = False

    def __repr__(self) -> str:
        return f"<ManifestCache {self._root}>"

    def parse(self, data: bytes, *, path: str) -> tuple[Manifest, dict[str, str]]:
        """The manifest in the member directory ``path`` and its own digests; raises what parsing raises."""
        if self._known is None:
            self._known = self._load()
        digest = hashlib.sha256(data).digest()
        entry = self._known.get(path)
        if entry is None or entry.digest != digest:
            # Here alone an import waits: parsing needs tomllib and packaging, a command with nothing to do does not.
            from interlock.core.manifests.parse import parse_manifest  # noqa: PLC0415

            file = "pyproject.toml" if path == "." else f"{path}/pyproject.toml"
            manifest = parse_manifest(data, path=path, file=file)
            entry = _Entry(digest, manifest, own_inputs(manifest))
            self._changed = True
        self._used[path] = entry
        return entry.manifest, entry.inputs

    def digest(self) -> str:
        """One digest for the bytes of all manifests that were asked for."""
        return manifests_digest({path: entry.digest for path, entry in self._used.items()})

    def save(self) -> None:
        """Keep what was parsed for the next run; manifests that were not asked for are forgotten."""
        if self._layout is None or not (self._changed or len(self._used) != len(self._known or ())):
            return
        self._layout.remember(self._file(self._layout), msgspec.msgpack.encode(_Contents(_FORMAT, self._used)))
        self._changed = False

    def _load(self) -> dict[str, _Entry]:
        data = self._layout.read(self._file(self._layout)) if self._layout is not None else None
        if data is None:
            return {}
        try:
            return _DECODER.decode(data).entries if _FORMATS.decode(data)[0] == _FORMAT else {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}

    def _file(self, layout: Layout) -> Path:
        key = hashlib.sha256(str(self._root).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return layout.bucket(Bucket.WORKSPACES) / key / "manifests"
