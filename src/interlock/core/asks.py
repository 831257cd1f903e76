"""Asks: what members want, each with the source it is to come from and the place where it is written."""

from __future__ import annotations

import msgspec

from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements import Requirement
from interlock.core.sources import Source

__all__ = ["Ask", "MemberAsks", "Origin"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an ask is written."""

    member: NormalizedName
    table: str = "dependencies"
    """``dependencies``, ``extra:x`` or ``group:g``."""
    text: str = ""
    """The requirement as written."""
    path: str = ""
    """The member's directory, POSIX, relative to the workspace root."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    requirement: Requirement
    source: Source | None = None
    """None: the index that answers for the name."""
    editable: bool | None = None
    origin: Origin


class MemberAsks(msgspec.Struct, frozen=True, kw_only=True):
    """All that one member (or another source tree) asks for."""

    name: NormalizedName
    path: str
    version: str = ""
    """Empty when dynamic."""
    requires_python: str = ""
    package: bool = True
    dependencies: tuple[Ask, ...] = ()
    extras: dict[ExtraName, tuple[Ask, ...]] = {}
    groups: dict[GroupName, tuple[Ask, ...]] = {}
    """Includes expanded; groups that cannot be used are left out."""
    group_requires_python: dict[GroupName, str] = {}
