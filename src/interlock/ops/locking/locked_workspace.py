"""A workspace with a lock to work from: as it stands, required to be fresh, or made so."""

from __future__ import annotations

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.lock.model import Lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.resolution.freshness import refuse_outdated, stale_reasons
from interlock.resolution.reading import Reading, read_workspace
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import load_frozen_lock, load_lock_if_any, no_lock
from interlock.workspace.selection import SelectionFlags, by_environment, refuse_conflicting, select

__all__ = ["LockedWorkspace", "locked_workspace"]


class LockedWorkspace(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace with a lock to work from."""

    context: Context
    """With the settings of the workspace's root."""
    reading: Reading
    lock: Lock
    made: LockOutcome | None = None
    """Set when the lock was made anew for it."""


async def locked_workspace(
    context: Context,
    *,
    frozen: bool,
    locked: bool,
    may_write: bool = True,
    selection: SelectionFlags | None = None,
    relock: LockOptions | None = None,
) -> LockedWorkspace:
    """The workspace with a lock to work from: as it stands (``frozen``), required to be fresh (``locked``), or made so.

    ``selection`` is what will be selected: one that cannot be is told before a lock is made. ``relock`` says what to
    upgrade first, and excludes the other two. Raises :class:`LockOutdated` for a stale lock that may not be made anew.
    """

    def read() -> tuple[Context, Reading, Lock | None, bool]:
        workspace = discover(context.place.start, layout=context.means.layout)
        here = context.within(workspace.settings)
        if selection is not None:
            for part in by_environment(here.means.settings.env, select(workspace, selection)):
                refuse_conflicting(workspace, part.members)
        old = load_frozen_lock(workspace.root) if frozen else load_lock_if_any(workspace.root)
        reading = read_workspace(here.means, workspace, old)
        if locked and old is None:
            raise no_lock(workspace.root)
        if locked and not frozen and old is not None:
            refuse_outdated(reading, old)
        does = old is not None and relock is None and (frozen or locked or not stale_reasons(reading, old))
        return here, reading, old, does

    here, reading, old, does = await anyio.to_thread.run_sync(read)
    if old is not None and does:
        return LockedWorkspace(context=here, reading=reading, lock=old)
    from interlock.ops.locking.lock import lock  # noqa: PLC0415 - most locks are fresh

    outcome = await lock(context, msgspec.structs.replace(relock or LockOptions(), dry_run=not may_write))
    return LockedWorkspace(context=here, reading=reading, lock=outcome.lock, made=outcome)
