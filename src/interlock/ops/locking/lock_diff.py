"""``interlock lock --diff``: what changed between an earlier lock and the one that is here, and for whose sake."""

from __future__ import annotations

import subprocess
from pathlib import Path

import anyio.to_thread

from interlock.context import Context
from interlock.core.lock.codec import decode_lock
from interlock.core.lock.diff import LockDiff, diff
from interlock.core.lock.model import Lock
from interlock.errors import UsageError
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import LOCKFILE, load_lock

__all__ = ["NothingToCompare", "diff_locks"]


class NothingToCompare(UsageError):
    code = "nothing-to-compare"
    exit_code = 1


async def diff_locks(context: Context, against: str) -> LockDiff:
    """Compare the lock with a file's, or with the one of a git revision.

    Raises :class:`NothingToCompare` when there is neither.
    """

    def work() -> LockDiff:
        root = discover(context.place.start, layout=context.means.layout).root
        return diff(_earlier(context.place.directory, root, against), load_lock(root))

    return await anyio.to_thread.run_sync(work)


def _earlier(cwd: Path, root: Path, against: str) -> Lock:
    path = cwd / against
    if path.is_file():
        return decode_lock(path.read_bytes(), file=against)
    shown = subprocess.run(
        ["git", "-C", str(root), "show", f"{against}:./{LOCKFILE}"], capture_output=True, check=False
    )
    if shown.returncode:
        reason = (shown.stderr.decode(errors="replace").strip().splitlines() or ["git said nothing"])[-1]
        raise NothingToCompare(
            f"`{against}` is neither a file nor a git revision with an {LOCKFILE}: {reason.rstrip('.')}.",
            hint="Name a lock file, or a revision such as HEAD or main.",
        )
    return decode_lock(shown.stdout, file=f"{against}:{LOCKFILE}")
