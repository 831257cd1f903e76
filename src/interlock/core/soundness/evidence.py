"""The evidence that a lock is judged by: what the manifests ask, and what the packages say of themselves."""

from __future__ import annotations

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.graph import Key
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.members.asks import Ask, Limits, MemberAsks
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.requirements.requirement import Requirement

__all__ = ["Evidence", "Published"]


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What one locked package says, and what its index says of it."""

    requires: tuple[Requirement | Ask, ...] | None = ()
    """None when that cannot be known."""
    extras: frozenset[ExtraName] = frozenset()
    requires_python: str = ""
    files: tuple[Artifact, ...] | None = None
    """All that the index has of the version; None when no index has it, or none can be asked."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[MemberAsks, ...]
    published: dict[Key, Published] = {}
    """Of the locked packages; one that is absent is not judged by what it asks."""
    conflicts: tuple[tuple[ConflictItem, ...], ...] = ()
    environments: tuple[str, ...] = ()
    required_environments: tuple[str, ...] = ()
    limits: Limits = Limits()
    excludes: frozenset[NormalizedName] = frozenset()
