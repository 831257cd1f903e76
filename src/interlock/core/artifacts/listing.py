"""Listings: all that one index says about one package, compact enough to be kept.

A listing is made once from an index page and stored; reading it back decodes names and versions, while the files of
each version stay as the page had them until the resolver looks at that version. Most are never looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.published import read_artifacts, yank_reason
from interlock.core.names import NormalizedName
from interlock.core.sources.hashes import pairs

__all__ = ["Listing", "content_digest", "decode_artifacts", "encode_artifacts"]


class Listing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The versions of a package on one index, in PEP 440 order.

    Everything published is here, pre-releases, yanked and too new files included: policy is the resolver's.
    """

    name: NormalizedName
    index: str
    """Name of the index in the configuration."""
    versions: tuple[str, ...]
    """Ascending; normalised text; no two equal under PEP 440 (``1.0`` and ``1.0.0`` are one entry)."""
    files: tuple[memoryview, ...]
    """Per version: its files as JSON objects (PEP 691) with commas between them, in the order of the page.

    Slices of the page as it was fetched, or of the file it is stored in.
    """
    start: str = ""
    """What every file's URL in :attr:`files` begins with, before the file's location."""
    prereleases: tuple[int, ...] = ()
    """Indices of the versions that are pre-releases or development releases."""
    yanked: tuple[int, ...] = ()
    """Indices of the versions all of whose files are yanked."""
    first_upload: tuple[str, ...] = ()
    """Per version: the earliest upload time of a file, empty when a file has none. Empty tuple: none known at all."""
    status: str = ""
    """PEP 792 project status (``archived``, ``quarantined``, ``deprecated``), empty when active."""
    indexes: tuple[str, ...] = ()
    """Per version: the name of its index, when several were merged; empty: all are ``index``'s."""
    starts: tuple[str, ...] = ()
    """Per version: its :attr:`start`, when several were merged."""
    digest: str = ""
    """:func:`content_digest` of all versions, when it is known already."""

    def index_of(self, position: int) -> str:
        """Name of the index that the version at a position comes from."""
        return self.indexes[position] if self.indexes else self.index

    def start_of(self, position: int) -> str:
        return self.starts[position] if self.starts else self.start

    def yanked_because(self, position: int) -> str:
        """Why the version at a position was yanked, empty when that is not told."""
        return yank_reason(self.files[position])

    def digest_of(self, positions: Sequence[int]) -> str:
        """:func:`content_digest` of some of the versions, in their order."""
        if self.digest and len(positions) == len(self.versions):
            return self.digest
        starts = tuple([self.starts[at] for at in positions]) if self.starts else (self.start,)
        return content_digest([self.versions[at] for at in positions], [self.files[at] for at in positions], starts)

    def artifacts(self, position: int) -> tuple[Artifact, ...]:
        """Decode the files of the version at a position: wheels before sdists, by filename."""
        return decode_artifacts(self.files[position], self.start_of(position))


def content_digest(versions: Sequence[str], files: Sequence[memoryview], starts: Sequence[str]) -> str:
    """32 hexadecimal digits for versions and what is said of their files; ``starts`` is one for all, or one each."""
    lengths = map(str, map(len, files))
    hashed = hashlib.sha256("\n".join((*starts, "", *versions, "", *lengths)).encode())
    for texts in files:
        hashed.update(texts)
    return hashed.hexdigest()[:32]


def decode_artifacts(raw: memoryview, start: str = "") -> tuple[Artifact, ...]:
    """The files of a version; what cannot be read of one costs that file, never the version."""
    # A page may name a file twice; the last entry wins.
    named = {artifact.filename: artifact for artifact in read_artifacts(raw, len(start))}
    return tuple(sorted(named.values(), key=_rank))


def _rank(artifact: Artifact) -> tuple[bool, str]:
    return (not artifact.is_wheel, artifact.filename)


def encode_artifacts(artifacts: Iterable[Artifact]) -> memoryview:
    """Artifacts as an index page would describe them."""
    return memoryview(msgspec.json.encode([_described(artifact) for artifact in artifacts]))[1:-1]


def _described(artifact: Artifact) -> dict[str, Any]:
    offered = artifact.metadata_hashes
    return {
        "filename": artifact.filename,
        "url": artifact.location,
        "hashes": {"sha256": artifact.sha256} if artifact.sha256 else dict(pairs(artifact.hashes)),
        "requires-python": artifact.requires_python or None,
        "size": artifact.size,
        "upload-time": artifact.upload_time or None,
        "yanked": artifact.yanked,
        "core-metadata": dict(pairs(offered)) if offered not in {"", "true"} else offered == "true",
    }
