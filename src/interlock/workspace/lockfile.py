"""The file ``interlock.lock`` at the root of a workspace."""

from __future__ import annotations

from pathlib import Path

from interlock.core.lock.codec import decode_lock
from interlock.core.lock.model import Lock
from interlock.errors import LockOutdated

__all__ = ["LOCKFILE", "LockMissing", "load_lock", "load_lock_if_any", "lockfile_path"]

LOCKFILE = "interlock.lock"


class LockMissing(LockOutdated):
    code = "lock-missing"


def lockfile_path(root: Path) -> Path:
    return root / LOCKFILE


def load_lock_if_any(root: Path) -> Lock | None:
    """The lock of a workspace, None when there is no file.

    Raises :class:`~interlock.errors.LockError` for one that cannot be used.
    """
    path = lockfile_path(root)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    return decode_lock(data, file=str(path))


def load_lock(root: Path) -> Lock:
    """The same; raises :class:`LockMissing` when there is no file."""
    lock = load_lock_if_any(root)
    if lock is None:
        raise LockMissing(f"There is no {LOCKFILE} in {root}.", hint="Make it with `interlock lock`.")
    return lock
