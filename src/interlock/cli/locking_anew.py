"""Locking where there is no lock and nothing to find out: the lock that would be made is known."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from interlock.cli.render import Terminal
from interlock.cli.words import locked
from interlock.store.locks import LockTimeout, hold_sync
from interlock.store.replace import replace_file
from interlock.workspace.fresh.anew import lock_anew
from interlock.workspace.guards import workspace_guard

__all__ = ["locked_anew"]


def locked_anew(environ: Mapping[str, str], start: str, terminal: Terminal) -> bool:
    """Whether there was no lock, and the one that would be made was known. Others may be at work: then it is made."""
    found = lock_anew(environ, start, time.time())
    if found is None:
        return False
    path = Path(found.path)
    try:
        with hold_sync(workspace_guard(path.parent), timeout=0, passing=True):
            if os.path.lexists(path):
                return False
            replace_file(path, found.data)
    except LockTimeout:
        return False
    terminal.say(locked(found.packages, found.members))
    return True
