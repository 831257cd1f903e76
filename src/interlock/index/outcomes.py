"""Answers that are not what was hoped for and yet no failure: the resolver works with them."""

from __future__ import annotations

from typing import Literal

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.names import NormalizedName

__all__ = ["Absent", "NeedsBuild", "Unavailable"]


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """No listing for a name."""

    name: NormalizedName
    reason: Literal["not-found", "offline", "no-index"] = "not-found"
    """``offline``: nothing cached and the network is not used; ``no-index``: there is no index to ask."""
    indexes: tuple[str, ...] = ()
    """The indexes that were asked, in order; with ``offline``, the last one could not be."""


class NeedsBuild(msgspec.Struct, frozen=True):
    """The metadata of a version is only known after building this sdist (or preparing its metadata)."""

    artifact: Artifact


class Unavailable(msgspec.Struct, frozen=True):
    """A version whose metadata cannot be had, which rules the version out but nothing else."""

    reason: str
