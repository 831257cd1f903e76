"""Quick answers: commands that have nothing to do, found out before anything is loaded that could do it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from interlock.cli.render import Terminal
from interlock.workspace.unchanged import is_fresh

__all__ = ["answered"]


def answered(arguments: Sequence[str], environ: Mapping[str, str], terminal: Terminal) -> bool:
    """Whether the lock is as fresh as when it was last looked at; then it has been said."""
    if environ.get("INTERLOCK_DIRECTORY") or environ.get("INTERLOCK_PROJECT"):
        return False
    found = is_fresh(environ, os.getcwd())
    if found is None:
        return False
    packages, _, voice = found.partition(" ")
    if voice != "silent" and "--check" not in arguments:
        return False
    terminal.say(f"interlock.lock is up to date ({packages} package{'' if packages == '1' else 's'}).")
    return True
