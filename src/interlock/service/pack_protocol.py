"""What clients and servers of ``POST /v1/packs`` say to each other.

The body is a :class:`PackRequest` in JSON, plain or with gzip. The answer is JSON, a :class:`PackPlan` or the document
of an error, after line feeds that tell that somebody works on it: one at once, then one a second. The pack itself is at
``/v1/packs/{id}``, with ranges, in the form that :mod:`interlock.packs` describes.
"""

from __future__ import annotations

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from interlock.packs.header import Form, Header

__all__ = ["BEAT_EVERY", "MOST_FILES", "PACKS", "AskedFile", "PackPlan", "PackRequest"]

PACKS = "/v1/packs"
MOST_FILES = 10_000
"""In one request."""
BEAT_EVERY = 1.0
"""Seconds between two line feeds."""


class AskedFile(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A wheel that a client lacks, as its lock has it."""

    name: NormalizedName
    index: int
    """Its place among the indexes of the request."""
    filename: str
    sha256: str
    size: int
    """Bytes; a service whose index states another size does not give it."""
    has: tuple[str, ...] = ()
    """Other wheels of the package that the client has, by sha256: bases for deltas."""


class PackRequest(msgspec.Struct, frozen=True, kw_only=True):
    indexes: tuple[Index, ...]
    """Those of the client, without any login."""
    files: tuple[AskedFile, ...]
    forms: tuple[Form, ...] = (Form.WHEEL,)
    """Those that the client can read, and believes when they are signed."""


class PackPlan(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    """Names the pack; the same files give the same one."""
    header: Header
    """Files that are not in it the client has to fetch itself."""
