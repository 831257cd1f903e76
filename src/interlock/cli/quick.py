"""Quick answers: commands that have nothing to do, found out before anything is loaded that could do it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from interlock.cli.render import Terminal
from interlock.workspace.unchanged import ALL_IN_SYNC, FRESH, IN_SYNC, is_fresh

__all__ = ["answered"]


def answered(arguments: Sequence[str], environ: Mapping[str, str], terminal: Terminal) -> bool:
    """Whether everything is as it was when there was nothing to do; then it has been said."""
    question = _question(arguments)
    if not question or environ.get("INTERLOCK_DIRECTORY") or environ.get("INTERLOCK_PROJECT"):
        return False
    found = is_fresh(environ, os.getcwd(), question)
    if found is None:
        return False
    if question == FRESH:
        packages, _, voice = found.partition(" ")
        if voice != "silent" and "--check" not in arguments:
            return False
        found = f"interlock.lock is up to date ({packages} package{'' if packages == '1' else 's'})."
    terminal.say(found)
    return True


def _question(arguments: Sequence[str]) -> str:
    """What is asked, when it is asked without flags that would change it. A fresh lock is as good as ``--locked``."""
    command, *flags = arguments
    if command == "lock":
        return FRESH if flags in ([], ["--check"]) else ""
    plain = set(flags) - {"--locked"}
    return IN_SYNC if not plain else ALL_IN_SYNC if plain == {"--all-packages"} else ""
