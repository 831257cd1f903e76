"""What ``version`` can be asked for and what it answers, as values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from interlock.core.names import NormalizedName
from interlock.workspace.selection import SelectionFlags

__all__ = ["Cause", "MemberVersion", "VersionReport", "VersionRequest"]


class VersionRequest(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    value: str = ""
    """A version to set, or one of Poetry's rules; empty with ``bumps`` empty: only show."""
    next_phase: bool = False
    bumps: tuple[str, ...] = ()
    """uv's words."""
    changed: str = ""
    """Only members with files that changed since this git reference."""
    dependents: str = ""
    """``patch | same | none``: what becomes of members that need a raised one; empty: the workspace's setting."""
    dry_run: bool = False


Cause = Literal["asked", "group", "dependent"]
"""Why a version is raised."""


class MemberVersion(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    path: Path
    """Of the manifest."""
    version: str
    """As it was; for a dynamic one what the build backend says."""
    new: str = ""
    """Empty: not changed."""
    dynamic: str = ""
    """Where a version that is not written in the manifest comes from; else empty."""
    reason: Cause | Literal[""] = ""
    """Empty when not changed."""


class VersionReport(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[MemberVersion, ...]
    written: bool = False
