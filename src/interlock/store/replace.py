"""Replacing a file: readers see the old content or the new, and the file stays what its owner made it.

A link stays a link and what it names is written; mode and owner stay; what has several names keeps them all; a device
or a pipe is written to, because what is asked for there is the data and not the name.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from interlock.errors import InterlockError
from interlock.store.space import named

__all__ = ["NotWritable", "copy_file", "is_stream", "move_file", "read_regular", "replace_file"]

_COUNT = itertools.count()
_FOLDER_REFUSES = frozenset({errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS})
"""What a folder answers that lets no file of it be replaced: a file that was mounted there alone, or missing rights."""


class NotWritable(InterlockError):
    """Something is at the place of a file that no file can replace."""

    code = "not-a-file"

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path} cannot be written: it is {what}.",
            hint="Name another file.",
            facts={"path": str(path), "what": what},
        )


def replace_file(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write all of a file or nothing; blocking. ``mode`` is for a file that has to have it, like one with secrets.

    Raises :class:`NotWritable` for a directory, a pipe or a socket, and OSError.
    """
    kept = _look(path)
    if kept is not None and not stat.S_ISREG(kept.st_mode):
        _write_to_device(path, data, kept)
        return
    target = Path(os.path.realpath(path))
    if kept is not None and not os.access(target, os.W_OK):
        # The folder would let it be replaced; whoever took the right away meant the file.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if kept is not None and kept.st_nlink > 1 and mode is None:
        # A hard link. A file with secrets is another matter: its other names stay without them.
        _write_over(target, data)
        return
    passing = target.with_name(f".interlock-{os.getpid()}-{next(_COUNT)}")
    try:
        _write_new(passing, data, kept, mode)
        os.replace(passing, target)
    except OSError as error:
        with suppress(OSError):
            os.unlink(passing)
        if error.filename == str(passing):
            # Nobody asked for that one.
            error.filename = str(path)
        if kept is None or error.errno not in _FOLDER_REFUSES:
            raise
        _write_over(target, data)
    except BaseException:
        with suppress(OSError):
            os.unlink(passing)
        raise


def is_stream(path: Path) -> bool:
    """Whether a path names an open descriptor, a pipe or a device: what takes data and keeps no file."""
    if _names_descriptor(path):
        return True
    kept = _look(path)
    return kept is not None and (stat.S_ISFIFO(kept.st_mode) or stat.S_ISCHR(kept.st_mode))


def read_regular(path: Path) -> bytes:
    """What a file of ours holds; blocking, but never on a pipe that nobody writes. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "It is no ordinary file", str(path))
        return file.read()


def move_file(source: str | Path, target: str | Path) -> None:
    """Put a finished file of ours in its place at once; its folder is made when it is not there."""
    try:
        os.replace(source, target)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(source, target)


def copy_file(source: Path, target: Path) -> Path:
    """A copy of a file, that appears whole at its place; its folder is made when it is not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    passing = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, passing)
        move_file(passing, target)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
    return target


def _look(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _names_descriptor(path: Path) -> bool:
    """``/dev/stdout`` and the like. What they lead to may be a file, which is open and must stay the same one."""
    place = os.path.join(os.path.realpath(path.parent), path.name)
    leads = os.readlink(place) if os.path.islink(place) else ""
    return place.startswith("/proc/") or leads.startswith("/proc/")


def _write_to_device(path: Path, data: bytes, kept: os.stat_result) -> None:
    if not stat.S_ISCHR(kept.st_mode):
        kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
        raise NotWritable(path, next((what for is_kind, what in kinds if is_kind(kept.st_mode)), "no ordinary file"))
    with named(path), open(path, "wb") as device:
        device.write(data)


def _write_new(path: Path, data: bytes, kept: os.stat_result | None, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    # What others may not read is at no moment readable.
    handle = os.open(path, flags, mode if mode is not None else 0o666 if kept is None else kept.st_mode & 0o666)
    with named(path), open(handle, "wb") as file:
        file.write(data)
        if kept is not None and os.name == "posix":
            # Each by itself: a group may be given away where an owner may not.
            for user, group in ((kept.st_uid, -1), (-1, kept.st_gid)):
                with suppress(OSError):
                    os.fchown(handle, user, group)
            os.fchmod(handle, stat.S_IMODE(kept.st_mode) if mode is None else mode)


def _write_over(path: Path, data: bytes) -> None:
    """Write into the file that is there: not at once, but there is no other way. Where there is no room, it stays."""
    with named(path), open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        if len(data) > size:
            _reserve(file.fileno(), size, len(data))
        file.write(data)
        file.truncate()


def _reserve(handle: int, size: int, wanted: int) -> None:
    """Take the room that a file will need before anything of it is written."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(handle, size, wanted - size)
    except OSError as error:
        os.ftruncate(handle, size)
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
