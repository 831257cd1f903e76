"""Locks between processes: one file per thing that only one process may change at a time.

The locks are advisory (``flock`` on POSIX, a locked byte range on Windows) and vanish with the process that held them,
however it ended. Who gets the lock of a file looks whether it is still the one at the path, so that its holder may
delete it: deleting one that another process waits for would split the lock.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from interlock.errors import InterlockError

__all__ = ["LockTimeout", "hold", "hold_sync", "try_to_hold"]

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1
_PID_BYTES = 32
_REFUSED = frozenset((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST))


class LockTimeout(InterlockError):
    """Another process kept a lock for longer than we were willing to wait."""

    code = "lock-timeout"

    def __init__(self, path: Path, timeout: float, holder: int | None) -> None:
        by = f" It is held by process {holder}." if holder else ""
        super().__init__(
            f"The lock {path} could not be taken within {timeout:g} seconds.{by}",
            hint="Wait for the other process to end, or end it; a lock is freed when its process is gone.",
            facts={"path": str(path), "timeout": timeout, "holder": holder},
        )
        self.path = path
        self.holder = holder


class NotALock(InterlockError):
    """Something else is in the place of a lock."""

    code = "not-a-lock"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} cannot serve as a lock: {why}.",
            hint="Nothing of it was changed. Find out who put it there, and remove it.",
            facts={"path": str(path)},
        )


if sys.platform == "win32":
    import msvcrt

    # A byte far beyond the end, so that the process id at the start stays readable for the others.
    _LOCKED_BYTE = 1 << 30

    def _try(handle: int, *, shared: bool) -> bool:
        # msvcrt has no shared locks: a shared holder excludes others, which is slower but never wrong.
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(handle: int) -> None:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(handle: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


@asynccontextmanager
async def hold(
    path: Path, *, shared: bool = False, timeout: float | None = None, passing: bool = False
) -> AsyncIterator[None]:
    """Hold the lock of a path; waits for at most ``timeout`` seconds (None: for ever), then :class:`LockTimeout`.

    Two tasks of one process exclude each other as two processes do. The file of a ``passing`` lock, which is never
    shared, goes with its holder.
    """
    handle = _opened(path, shared=shared)
    if handle is None:
        yield
        return
    lock = _Lock(path, handle, shared=shared)
    try:
        if not lock.take():
            import anyio  # noqa: PLC0415 - a lock that is free needs no event loop

            with anyio.move_on_after(timeout) as waiting:
                for pause in _pauses():
                    await anyio.sleep(pause)
                    if lock.take():
                        break
            if waiting.cancelled_caught:
                raise LockTimeout(path, timeout or 0.0, _holder(path))
        try:
            yield
        finally:
            lock.free(passing=passing)
    finally:
        lock.close()


@contextmanager
def hold_sync(
    path: Path, *, shared: bool = False, timeout: float | None = None, passing: bool = False
) -> Iterator[None]:
    """The same for code that runs in a worker thread."""
    handle = _opened(path, shared=shared)
    if handle is None:
        yield
        return
    lock = _Lock(path, handle, shared=shared)
    try:
        waited = 0.0
        pauses = _pauses()
        while not lock.take():
            if timeout is not None and waited >= timeout:
                raise LockTimeout(path, timeout, _holder(path))
            pause = next(pauses)
            time.sleep(pause)
            waited += pause
        try:
            yield
        finally:
            lock.free(passing=passing)
    finally:
        lock.close()


class _Lock:
    def __init__(self, path: Path, handle: int, *, shared: bool) -> None:
        self._path = path
        self._shared = shared
        self._handle = handle

    def __repr__(self) -> str:
        return f"<Lock {self._path}>"

    def take(self) -> bool:
        while _try(self._handle, shared=self._shared):
            if self._is_current():
                if not self._shared:
                    _write(self._handle, f"{os.getpid()}\n".encode())
                return True
            # Its holder deleted the file while we waited: who comes now locks another one of that name.
            os.close(self._handle)
            self._handle = _open(self._path)
        return False

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._handle), os.stat(self._path))
        except FileNotFoundError:
            return False

    def free(self, *, passing: bool) -> None:
        if passing:
            with suppress(OSError):
                os.unlink(self._path)
        elif not self._shared:
            _write(self._handle, b"")
        _release(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def try_to_hold(path: Path) -> int | None:
    """Hold the lock of a path alone, for as long as the descriptor is open; None when somebody else does."""
    handle = _open(path)
    if _try(handle, shared=False):
        return handle
    os.close(handle)
    return None


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


_FLAGS = os.O_RDWR | os.O_CREAT
# Who can write to the folder might have put a link to something precious there, or a pipe that nobody reads.
for _name in ("O_CLOEXEC", "O_NOINHERIT", "O_NOFOLLOW", "O_NONBLOCK"):
    _FLAGS |= getattr(os, _name, 0)


def _opened(path: Path, *, shared: bool) -> int | None:
    """The file of a lock; None for a shared one where nothing can be written, and so nothing changes."""
    try:
        return _open(path)
    except OSError as error:
        if not shared or error.errno not in _REFUSED:
            raise
    with suppress(OSError):
        return os.open(path, (_FLAGS | os.O_RDWR) & ~(os.O_RDWR | os.O_CREAT))
    return None


def _open(path: Path) -> int:
    try:
        handle = _open_file(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _open_file(path)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotALock(path, "it is no regular file")
    return handle


def _open_file(path: Path) -> int:
    try:
        return os.open(path, _FLAGS, 0o666)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR}:
            raise NotALock(path, "it is a link or no file") from error
        raise


def _write(handle: int, text: bytes) -> None:
    # Only for the message of others; a full disk must not fail a lock.
    with suppress(OSError):
        if not _is_ours(os.fstat(handle)):
            return
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text)


def _is_ours(status: os.stat_result) -> bool:
    """Whether a file may be written to: nobody else's, and under no second name."""
    return status.st_nlink == 1 and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())


def _holder(path: Path) -> int | None:
    with suppress(OSError, ValueError), open(path, "rb") as file:
        return int(file.read(_PID_BYTES))
    return None
