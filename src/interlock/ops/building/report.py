"""What ``build`` can be asked for and what it answers, as values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from interlock.core.names import NormalizedName
from interlock.errors import InterlockError
from interlock.workspace.selection import SelectionFlags

__all__ = ["BuildReport", "BuildRequest", "BuiltFile", "MemberReport"]


class BuildRequest(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    sdist: bool = True
    wheel: bool = True
    """With ``sdist``, the wheel is built from that sdist; alone, from the member's tree."""
    out_dir: str = ""
    """Relative to the working directory; empty: ``dist`` at the workspace's root."""
    clear: bool = False
    """Remove files of earlier builds from the output directory, once everything is built."""
    config_settings: dict[str, str | list[str]] = {}
    build_constraints: tuple[str, ...] = ()
    """Requirement files, relative to the working directory."""
    require_hashes: bool = False
    """Every build requirement that is not a member has to have a hash in one of these files."""
    no_sources: bool = False
    """Members are no build requirements of each other: their names are looked up on the index."""
    timeout: float | None = None
    """Seconds one call of a backend may take."""


class BuiltFile(msgspec.Struct, frozen=True, kw_only=True):
    file: Path
    kind: Literal["sdist", "wheel"]
    sha256: str
    size: int


class MemberReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one member."""

    name: NormalizedName
    version: str = ""
    status: Literal["built", "cached", "failed"] = "built"
    seconds: float = 0.0
    files: tuple[BuiltFile, ...] = ()
    error: InterlockError | None = None
    problems: tuple[str, ...] = ()
    """What is wrong with what was built: files that its backend wrote elsewhere, or what verifying found."""


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    out_dir: Path
    members: tuple[MemberReport, ...]
    """By name."""
    hooks: int = 0
    """Calls of build backends."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return all(member.error is None and not member.problems for member in self.members)
