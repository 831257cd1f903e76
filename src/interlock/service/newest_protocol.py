"""What clients and servers of ``POST /v1/newest`` say to each other.

The body is a :class:`NewestRequest` in JSON, plain or with gzip. The answer is JSON, a :class:`NewestAnswer`, after
line feeds that tell that somebody works on it: one at once, then one a second.
"""

from __future__ import annotations

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index

__all__ = ["MOST_PACKAGES", "NEWEST", "AskedPackage", "NewestAnswer", "NewestRequest"]

NEWEST = "/v1/newest"
MOST_PACKAGES = 20_000
"""In one request."""


class AskedPackage(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A locked package."""

    name: NormalizedName
    index: int
    """Its place among the indexes of the request."""
    locked: str
    cutoff: str = ""
    """What was uploaded from then on does not count: a time in ISO 8601, or empty."""


class NewestRequest(msgspec.Struct, frozen=True, kw_only=True):
    indexes: tuple[Index, ...]
    """Those of the client, without any login."""
    packages: tuple[AskedPackage, ...]


class NewestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    versions: tuple[str | None, ...]
    """Of each package that was asked for; None where the service cannot tell, and the client asks its index itself."""
