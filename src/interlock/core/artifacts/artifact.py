"""Artifacts: the files that carry a version of a package, as an index page or a lock describes them."""

from __future__ import annotations

import msgspec

__all__ = ["Artifact"]

# Encoded under short names: a lock holds thousands of artifacts, one line each.
_SHORT = {
    "filename": "file",
    "upload_time": "time",
    "location": "path",
    "requires_python": "requires-python",
    "metadata_hashes": "metadata",
}


class Artifact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_SHORT, gc=False):
    """One wheel or sdist. Where it can be fetched from is the index client's knowledge, not the artifact's."""

    filename: str
    """As published; never contains a directory separator."""
    sha256: str = ""
    """Lower-case hex; empty when the index states none (then only a download can tell)."""
    hashes: str = ""
    """Other hashes that the index states, where it states no sha256 (:mod:`interlock.core.sources.hashes`). Never in a
    lock, whose files all have a sha256."""
    size: int | None = None
    """Bytes."""
    upload_time: str = ""
    """UTC, ``YYYY-MM-DDTHH:MM:SS[.ffffff]Z``; compare the first 19 characters."""
    location: str = ""
    """Path below the index's file base (scheme and host of its files), no leading slash, percent-encoded as served.
    Empty when that cannot be said without naming a host or a local path: then the index's page is asked by filename."""
    requires_python: str = ""
    """PEP 440 text as published, unvalidated."""
    yanked: bool = False
    metadata_hashes: str = ""
    """Hashes of the PEP 658 file, ``"true"`` when offered without one, empty when not offered."""

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")
