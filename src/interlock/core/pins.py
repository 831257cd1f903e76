"""Pins: versions that another tool has chosen."""

from __future__ import annotations

import msgspec

from interlock.core.names import NormalizedName

__all__ = ["Pin"]


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A version that another tool has chosen."""

    name: NormalizedName
    version: str
    markers: tuple[str, ...] = ()
    """Where it was chosen, when the lock says so; empty: everywhere."""
    local: bool = False
    """From a source tree of the repository, so of no interest to a resolution."""
