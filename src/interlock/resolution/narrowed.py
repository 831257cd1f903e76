"""Members that say they run on more Pythons than the members they need: what an index would tell is then not true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from interlock.core.lock.model import Lock
from interlock.core.markers.diagram import requires_python_marker
from interlock.core.members.asks import MemberAsks
from interlock.core.members.narrowing import Narrowing, narrow
from interlock.core.requirements.slot import slot_of
from interlock.workspace.members import Member, Workspace

__all__ = ["describe_wider", "locked_narrower", "published_wider"]


def published_wider(workspace: Workspace, asks: Iterable[MemberAsks]) -> tuple[Narrowing, ...]:
    """The members, and extras of members, that can be installed on fewer Pythons than their metadata says.

    One that only ends earlier is not told: what is above a cap is hardly ever meant.
    """
    found = narrow(asks, workspace.settings.environments).narrowings
    return tuple(one for one in found if one.member and not one.cap and slot_of(one.table).group is None)


def locked_narrower(workspace: Workspace, asks: Iterable[MemberAsks], lock: Lock) -> Iterator[tuple[Member, str]]:
    """Members that a lock has for fewer Pythons than they and what they need say: the rest could not be solved."""
    for narrowed in narrow(asks, workspace.settings.environments).members:
        locked = next((one.requires_python for one in lock.members if one.name == narrowed.name), "")
        own, range_ = requires_python_marker(narrowed.requires_python), requires_python_marker(locked)
        if narrowed.name and own is not range_ and range_.implies(own):
            yield workspace.by_name[narrowed.name], locked


def describe_wider(workspace: Workspace, narrowing: Narrowing) -> str:
    """A clause that begins with whose range it is."""
    said = workspace.by_name[narrowing.member].manifest.requires_python
    return (
        f"{narrowing} says Python {said or 'of any version'}, but needs {narrowing.because}, which needs Python"
        f" {narrowing.range}: it can be installed on {narrowing.requires_python} only"
    )
