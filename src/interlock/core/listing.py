"""Listings: all that one index says about one package, compact enough to be kept parsed.

A listing is made once from an index page and stored as msgpack; reading it back decodes names and versions, while the
files of each version stay encoded until the resolver looks at that version.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from interlock.core.artifacts import Artifact
from interlock.core.names import NormalizedName

__all__ = ["Listing", "decode_artifacts", "encode_artifacts"]

_DECODER = msgspec.msgpack.Decoder(tuple[Artifact, ...])
_ENCODER = msgspec.msgpack.Encoder()


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
    """Per version: msgpack of ``tuple[Artifact, ...]``, wheels before sdists, by filename.

    In a stored listing these are opaque bytes, which a decoder steps over without looking at them.
    """
    prereleases: tuple[int, ...] = ()
    """Indices of the versions that are pre-releases or development releases."""
    yanked: tuple[int, ...] = ()
    """Indices of the versions all of whose files are yanked."""
    yanked_reasons: dict[str, str] = {}
    """Per version: why it was yanked, where the index says it."""
    first_upload: tuple[str, ...] = ()
    """Per version: the earliest upload time of a file, empty when a file has none. Empty tuple: none known at all."""
    status: str = ""
    """PEP 792 project status (``archived``, ``quarantined``, ``deprecated``), empty when active."""
    indexes: tuple[str, ...] = ()
    """Per version: the name of its index, when several were merged; empty: all are ``index``'s."""

    def index_of(self, position: int) -> str:
        """Name of the index that the version at a position comes from."""
        return self.indexes[position] if self.indexes else self.index

    def yanked_because(self, position: int) -> str:
        """Why the version at a position was yanked, empty when that is not told."""
        return self.yanked_reasons.get(self.versions[position], "")

    def artifacts(self, position: int) -> tuple[Artifact, ...]:
        """Decode the files of the version at a position."""
        return decode_artifacts(self.files[position])


def decode_artifacts(raw: memoryview) -> tuple[Artifact, ...]:
    return _DECODER.decode(raw)


def encode_artifacts(artifacts: Sequence[Artifact]) -> memoryview:
    return memoryview(_ENCODER.encode(tuple(artifacts)))
