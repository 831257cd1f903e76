"""Reading a locked workspace: what the commands that only look begin with."""

from __future__ import annotations

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.lock.freshness import LockOutdated
from interlock.core.lock.model import Lock
from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, File
from interlock.events import Warned
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.toolchain.python import choose_interpreter, pythons_of
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import load_frozen_lock, load_lock
from interlock.workspace.members import Workspace
from interlock.workspace.selection import SelectionFlags, locked_extras, select

__all__ = ["Locked", "environment_here", "read_locked"]


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    context: Context
    """With the settings of the workspace's root."""
    workspace: Workspace
    lock: Lock
    selection: Selection


async def read_locked(context: Context, flags: SelectionFlags, *, frozen: bool, locked: bool, strict: bool) -> Locked:
    """Read the lock and decide what is selected; never changes anything.

    A lock that is not fresh is an error with ``locked`` or ``strict``, else a warning; ``frozen`` does not look.
    Raises :class:`LockOutdated`.
    """
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    load = load_frozen_lock if strict else load_lock
    found = await anyio.to_thread.run_sync(load, workspace.root)
    if not frozen:
        try:
            await lock(context, LockOptions(check=True))
        except LockOutdated as error:
            if locked or strict:
                raise
            context.means.reporter.report(Warned(error.code, f"{error.message}\nWhat follows is what the lock says."))
    return Locked(
        context=context.within(workspace.settings),
        workspace=workspace,
        lock=found,
        selection=select(workspace, flags, local=_local(found), extras=locked_extras(found)),
    )


async def environment_here(locked: Locked) -> dict[str, str]:
    """The marker values of the interpreter that would be used."""
    ranges = {member.requires_python for member in locked.lock.members if member.requires_python}

    def look() -> dict[str, str]:
        found = choose_interpreter(
            pythons_of(locked.context.means, locked.context.place.start),
            start=locked.context.place.start,
            root=locked.workspace.root,
            requires_python=ranges.pop() if len(ranges) == 1 else locked.lock.requires_python,
        )
        return found.markers

    return await anyio.to_thread.run_sync(look)


def _local(lock: Lock) -> frozenset[NormalizedName]:
    return frozenset(package.name for package in lock.packages if isinstance(package.source, Directory | File))
