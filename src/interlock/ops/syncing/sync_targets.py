"""Which environments a selection is synced to."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, File
from interlock.ops.envs.environments import environment_path
from interlock.ops.locking.locked_workspace import LockedWorkspace
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.workspace.selection import by_environment, locked_extras, select

__all__ = ["Target", "targets_of"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One environment to make, and what of the lock belongs in it."""

    path: Path
    selection: Selection
    member: NormalizedName | None = None


def targets_of(found: LockedWorkspace, options: SyncOptions) -> list[Target]:
    context, reading, locked = found.context, found.reading, found.lock
    workspace = reading.workspace
    local = [package.name for package in locked.packages if isinstance(package.source, Directory | File)]
    names = [package.name for package in locked.packages]
    whole = select(
        workspace, options.selection, local=local, locked=names, absent=reading.absent, extras=locked_extras(locked)
    )
    if context.means.settings.env != "member":
        return [Target(path=environment_path(context.means, workspace), selection=whole)]
    targets = []
    for selection in by_environment(context.means.settings.env, whole):
        name = selection.members[0].member
        path = environment_path(context.means, workspace, workspace.by_name.get(name))
        targets.append(Target(path=path, selection=selection, member=name))
    return targets
