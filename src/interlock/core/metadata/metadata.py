"""Core metadata of one version of a package (METADATA, PKG-INFO)."""

from __future__ import annotations

import msgspec

from interlock.core.names import ExtraName, NormalizedName
from interlock.core.requirements.requirement import Requirement

__all__ = ["Metadata"]


class Metadata(msgspec.Struct, frozen=True, array_like=True):
    """What resolving and installing need of the core metadata."""

    name: NormalizedName
    version: str
    requires_python: str = ""
    requires: tuple[Requirement, ...] = ()
    """``Requires-Dist`` in order; a requirement of extra ``x`` has ``extra == 'x'`` in its marker."""
    extras: tuple[ExtraName, ...] = ()
    """``Provides-Extra``."""
    dynamic: tuple[str, ...] = ()
    """Lower-case field names listed as ``Dynamic`` (PEP 643)."""
    metadata_version: str = "2.1"
