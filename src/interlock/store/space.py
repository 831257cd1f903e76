"""What could not be written, and where: the system names no file when it is a disk that is full."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FULL", "describe_disk", "named", "with_path", "write_file", "written_path"]

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Give an error of the system that names no file the name of the one that was written."""
    try:
        yield
    except OSError as error:
        with_path(error, path)
        raise


def write_file(path: str | Path, data: bytes) -> None:
    """Write a file that nobody reads yet; an error of the system names it."""
    with named(path), open(path, "wb") as file:
        file.write(data)


def with_path(error: OSError, path: str | Path) -> OSError:
    """The same error; it names the path unless it names one already."""
    if error.filename is None:
        error.filename = os.fspath(path)
    return error


def written_path(error: OSError) -> str:
    """The file that was written when it happened; of a copy the second one. Empty when it is not known."""
    return os.fsdecode(error.filename2 or error.filename or "")


def describe_disk(path: str) -> str:
    """The file system that a path is on, as a sentence; empty when it cannot be looked at.

    What is free is said of now: what a failed command had written is often deleted before anybody asks.
    """
    place = Path(os.path.abspath(path))
    while not place.exists() and place != place.parent:
        place = place.parent
    place = place.resolve()
    while not place.is_mount() and place != place.parent:
        place = place.parent
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return ""
    return f"The disk is the one mounted at {place}, with {_size(usage.free)} of {_size(usage.total)} free now."


def _size(number: int) -> str:
    """As people say it.

    >>> _size(0), _size(1536), _size(3 << 30)
    ('0 B', '1.5 KB', '3.0 GB')
    """
    value = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:.1f} {unit}" if unit != "B" else f"{number} B"
        value /= 1024
    return f"{value:.1f} TB"
