"""Locks on what belongs to a workspace: its manifests and lock together, and each environment.

They are kept with the machine's temporary files and not in the store, because two processes with different stores may
work on one workspace. What an environment needs from its scan to its last rename is locked inside of it as well.

Everybody may write where temporary files are, so a folder counts only when it is one, is ours, and is closed to others.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from interlock.errors import InterlockError

__all__ = ["environment_guard", "output_guard", "workspace_guard"]


def workspace_guard(root: Path) -> Path:
    """What is held while the manifests and the lock of a workspace are read to be changed."""
    return _place("workspace", root)


def environment_guard(path: Path) -> Path:
    """What is held while an environment is looked for, made and brought up to date."""
    return _place("environment", path)


def output_guard(path: Path) -> Path:
    """What is held while a folder is made that is to be at a path."""
    return _place("output", path)


class UnsafeFolder(InterlockError):
    """A folder for our own files is somebody else's."""

    code = "unsafe-folder"

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place} is not a folder of yours that only you can write to, so nothing is kept there.",
            hint="Remove it, or set TMPDIR to a folder of your own.",
            facts={"path": place},
        )


def _place(kind: str, path: Path) -> Path:
    key = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(_own_folder()) / f"{kind}-{key}"


def _own_folder() -> str:
    """The folder of all guards, made if need be; the same for every process of a user."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    place = os.path.join(tempfile.gettempdir(), f"interlock-{user}")
    with suppress(FileExistsError):
        os.mkdir(place, 0o700)
    if not _is_ours(place):
        raise UnsafeFolder(place)
    return place


def _is_ours(place: str) -> bool:
    status = os.lstat(place)
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    if status.st_uid != os.getuid():
        return False
    if status.st_mode & 0o077:
        # Made by a version that left this to the umask.
        os.chmod(place, 0o700)
    return True
