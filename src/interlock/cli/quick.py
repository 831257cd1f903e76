"""Quick answers: commands that have nothing to do, found out before anything is loaded that could do it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from interlock.cli.loading import load
from interlock.cli.render import Terminal
from interlock.cli.words import built_file, built_members
from interlock.workspace.fresh.unchanged import ALL_BUILT, ALL_IN_SYNC, BUILT, FRESH, IN_SYNC, is_fresh

__all__ = ["answered"]

_ELSEWHERE = ("INTERLOCK_DIRECTORY", "INTERLOCK_PROJECT", "INTERLOCK_LOG_JSON")
"""Variables with which another workspace is meant, or another way of telling."""


def answered(arguments: Sequence[str], environ: Mapping[str, str], terminal: Terminal) -> bool:
    """Whether everything is as it was when there was nothing to do; then it has been said."""
    question = _question(arguments)
    if not question or any(environ.get(name) for name in _ELSEWHERE):
        return False
    started = time.monotonic()
    try:
        start = os.getcwd()
    except FileNotFoundError:
        # It was removed; the long way says so.
        return False
    found = is_fresh(environ, start, question)
    if found is None:
        anew = list(arguments) == ["lock"] and load("interlock.cli.locking_anew").locked_anew(environ, start, terminal)
        return bool(anew)
    if question == FRESH:
        packages, _, voice = found.partition(" ")
        if voice != "silent" and "--check" not in arguments:
            return False
        found = f"interlock.lock is up to date ({packages} package{'' if packages == '1' else 's'})."
    elif question in {BUILT, ALL_BUILT}:
        members, *files = found.split("\t")
        for file in files:
            size, _, path = file.partition(" ")
            terminal.say(built_file(path, int(size), start, unchanged=True))
        found = f"{built_members(0, int(members))} in {time.monotonic() - started:.1f} s."
    terminal.say(found)
    return True


def _question(arguments: Sequence[str]) -> str:
    """What is asked, when it is asked without flags that would change it. A fresh lock is as good as ``--locked``."""
    command, *flags = arguments
    if command == "lock":
        return FRESH if flags in ([], ["--check"]) else ""
    if command == "build":
        return BUILT if not flags else ALL_BUILT if flags == ["--all-packages"] else ""
    plain = set(flags) - {"--locked"}
    return IN_SYNC if not plain else ALL_IN_SYNC if plain == {"--all-packages"} else ""
