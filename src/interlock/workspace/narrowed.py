"""Members that say they run on more Pythons than the members they need: what an index would tell is then not true."""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.asks import MemberAsks
from interlock.core.narrowing import Narrowing, narrow
from interlock.workspace.members import Workspace

__all__ = ["describe_wider", "published_wider"]


def published_wider(workspace: Workspace, asks: Iterable[MemberAsks]) -> tuple[Narrowing, ...]:
    """The members, and extras of members, that can be installed on fewer Pythons than their metadata says."""
    found = narrow(asks, workspace.settings.environments).narrowings
    return tuple(one for one in found if one.member and not one.table.startswith("group:"))


def describe_wider(workspace: Workspace, narrowing: Narrowing) -> str:
    """A clause that begins with whose range it is."""
    said = workspace.by_name[narrowing.member].manifest.requires_python
    return (
        f"{narrowing} says Python {said or 'of any version'}, but needs {narrowing.because}, which needs Python"
        f" {narrowing.range}: it can be installed on {narrowing.requires_python} only"
    )
