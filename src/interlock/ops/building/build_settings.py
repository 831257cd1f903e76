"""What the builds of one command have in common."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from interlock.core.editing.bounds import Edge
from interlock.core.names import NormalizedName
from interlock.workspace.internal_bounds import InternalBounds
from interlock.workspace.siblings import BuildSiblings
from interlock.workspace.toolchain import Toolchain

__all__ = ["BuildSettings", "Edges"]

Edges = Mapping[NormalizedName, Edge]
"""The ranges that requirements on other members get."""


class BuildSettings(msgspec.Struct, frozen=True, kw_only=True):
    toolchain: Toolchain
    siblings: BuildSiblings
    bounds: InternalBounds
    sdist: bool
    wheel: bool
    latest: int
    """No file of an sdist is younger (``SOURCE_DATE_EPOCH``)."""
