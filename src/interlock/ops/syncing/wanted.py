"""What of a lock belongs in one environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from interlock.build.source_tree import SourceTree
from interlock.core.lock.model import Lock
from interlock.core.lock.select import select as select_from_lock
from interlock.core.members.asks import MemberAsks
from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Directory, Member
from interlock.errors import ManifestError
from interlock.ops.locking.locked_workspace import LockedWorkspace
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.toolchain.toolchain import Toolchain
from interlock.workspace.members import Workspace

if TYPE_CHECKING:
    from interlock.build.frontend import Kind

__all__ = ["AbsentMember", "place_of", "wanted_in"]


class AbsentMember(ManifestError):
    """A member is wanted whose directory a part of a checkout does not have."""

    code = "absent-member"

    def __init__(self, name: NormalizedName, path: str) -> None:
        super().__init__(
            f"{name} is to be installed, but its directory {path} is not here.",
            hint=f"Bring the directory here, or leave it out with --no-install-package {name} or"
            " --no-install-workspace.",
            facts={"member": name, "path": path},
        )


async def wanted_in(
    found: LockedWorkspace, options: SyncOptions, selection: Selection, toolchain: Toolchain
) -> tuple[Wanted, ...]:
    """What belongs in an environment of the toolchain's interpreter; source trees with the digests of what they give.

    Raises :class:`AbsentMember`.
    """
    workspace, interpreter = found.reading.workspace, await toolchain.interpreter()
    chosen = list(select_from_lock(found.lock, interpreter.markers, selection, tags=interpreter.tags))
    plain = _not_editable(found.reading.asks)
    trees = {
        number: _tree(one, workspace, options, plain)
        for number, one in enumerate(chosen)
        if isinstance(one.source, Member | Directory)
    }
    if trees:
        builder = await toolchain.builder()
        asked: list[tuple[Kind, SourceTree]] = [
            (
                "editable" if one.editable else "wheel",
                SourceTree(path=place_of(one, workspace, found.lock), name=one.name),
            )
            for one in trees.values()
        ]
        digests = await builder.digests(asked)
        for (number, one), digest in zip(trees.items(), digests, strict=True):
            chosen[number] = msgspec.structs.replace(one, digest=digest)
    return tuple(chosen)


def _tree(wanted: Wanted, workspace: Workspace, options: SyncOptions, plain: frozenset[NormalizedName]) -> Wanted:
    """A source tree with its version, and as what it is installed."""
    editable = (
        wanted.editable
        and wanted.name not in plain
        and not options.no_editable
        and wanted.name not in options.no_editable_packages
    )
    member = workspace.by_name.get(wanted.name) if isinstance(wanted.source, Member) else None
    version = (member.manifest.version or "") if member is not None else wanted.version
    return msgspec.structs.replace(wanted, editable=editable, version=version)


def place_of(wanted: Wanted, workspace: Workspace, lock: Lock) -> Path:
    """Where a source tree that is wanted is.

    Raises :class:`AbsentMember`.
    """
    if isinstance(wanted.source, Member):
        member = workspace.find(wanted.source.name)
        if member is None:
            paths = {locked.name: locked.path for locked in lock.members}
            raise AbsentMember(wanted.name, paths.get(wanted.source.name, ""))
        return member.directory
    assert isinstance(wanted.source, Directory), wanted
    return (workspace.root / wanted.source.path).resolve()


def _not_editable(asks: tuple[MemberAsks, ...]) -> frozenset[NormalizedName]:
    """Trees that a source entry says are not to be installed as editable."""
    found = set()
    for member in asks:
        for ask in member.every():
            if ask.editable is False and isinstance(ask.source, Member | Directory):
                found.add(ask.requirement.name)
    return frozenset(found)
