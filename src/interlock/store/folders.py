"""Replacing a folder: whoever looks sees the old one or the new one, as far as the system can do that."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

__all__ = ["put_folder", "put_folder_back"]

_HERE = -100
"""``AT_FDCWD``: paths are relative to the working directory."""
_EXCHANGE = 2
"""``RENAME_EXCHANGE`` of renameat2."""


def put_folder(made: Path, target: Path, aside: Path) -> None:
    """Put a finished folder in its place. One that was there is at ``made`` or ``aside`` afterwards, to be deleted.

    All three are in one folder. Raises OSError, with the old one in its place.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(target):
        made.rename(target)
        return
    if _exchange(made, target):
        return
    target.rename(aside)
    try:
        made.rename(target)
    except BaseException:
        aside.rename(target)
        raise


def put_folder_back(target: Path, aside: Path) -> None:
    """After a kill between two renames the old folder is the only one there is."""
    if os.path.lexists(aside) and not os.path.lexists(target):
        with suppress(FileNotFoundError):
            aside.rename(target)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders at once; False where the system or the disk cannot."""
    if sys.platform != "linux":
        return False
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)
