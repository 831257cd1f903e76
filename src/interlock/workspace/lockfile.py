"""The file ``interlock.lock`` at the root of a workspace."""

from __future__ import annotations

from pathlib import Path

from interlock.core.lock.codec import decode_lock
from interlock.core.lock.consistency import check_lock
from interlock.core.lock.freshness import LockOutdated, Stale
from interlock.core.lock.model import Lock, format_of
from interlock.errors import LockError
from interlock.store.replace import read_regular

__all__ = [
    "LOCKFILE",
    "LockMissing",
    "LockUnreadable",
    "load_frozen_lock",
    "load_lock",
    "load_lock_if_any",
    "lockfile_path",
    "no_lock",
    "read_lock",
    "read_lockfile",
]

LOCKFILE = "interlock.lock"


class LockMissing(LockError):
    code = "lock-missing"
    exit_code = 3


class LockUnreadable(LockError):
    code = "lock-unreadable"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}.",
            hint="It has to be a file that you may read.",
            facts={"path": str(path), "errno": error.errno},
        )


def lockfile_path(root: Path) -> Path:
    return root / LOCKFILE


def read_lockfile(root: Path) -> bytes | None:
    """The bytes of the lock, None when there is no file; raises :class:`LockUnreadable`."""
    path = lockfile_path(root)
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockUnreadable(path, error) from error


def load_lock_if_any(root: Path) -> Lock | None:
    """The lock of a workspace, None when there is no file.

    Raises :class:`~interlock.errors.LockError` for one that cannot be used.
    """
    data = read_lockfile(root)
    return None if data is None else read_lock(data, str(lockfile_path(root)))


def read_lock(data: bytes, file: str) -> Lock:
    """A lock from its bytes, for commands that go by it; raises :class:`~interlock.errors.LockError`."""
    lock = decode_lock(data, file=file)
    check_lock(lock, data, file=file)
    return lock


def load_lock(root: Path) -> Lock:
    """The same; raises :class:`LockMissing` when there is no file."""
    lock = load_lock_if_any(root)
    if lock is None:
        raise no_lock(root)
    return lock


def load_frozen_lock(root: Path) -> Lock:
    """The lock to install or export from without looking whether it is fresh.

    Raises :class:`LockOutdated` for one that cannot tell what is reached, whatever the manifests say.
    """
    lock = load_lock(root)
    if lock.format < format_of(lock.inputs):
        raise LockOutdated((Stale(member=None, key="format", kind="changed"),), whatever=True)
    return lock


def no_lock(root: Path) -> LockMissing:
    return LockMissing(f"There is no {LOCKFILE} in {root}.", hint="Make it with `interlock lock`.")
