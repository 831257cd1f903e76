"""Which files that came in part are kept when the process that they came to is gone: the latest, for a while."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from interlock.store.layout import Layout
from interlock.store.processes import is_running

__all__ = ["LONGEST", "MOST", "PART_NAME", "abandoned_parts", "kept_parts"]

LONGEST = 86_400.0
"""Seconds for which nobody has written to one."""
MOST = 1 << 30
"""Bytes of all together."""
PART_NAME = re.compile(r"(?:(\d+)-)?part-([0-9a-f]{64})(-all)?")
"""The process that works on it, if any; what it is a part of; whether it is all of it."""


def abandoned_parts(layout: Layout) -> dict[str, Path]:
    """The files that nobody works on any more, by their keys. Blocking."""
    try:
        names = sorted(os.listdir(layout.tmp))
    except OSError:
        return {}
    return {match[2]: layout.tmp / match[0] for match in _abandoned(names)}


def kept_parts(layout: Layout, names: Iterable[str]) -> set[str]:
    """Those of some names in the store's folder for work in progress that are kept. Blocking."""
    sizes = []
    for match in _abandoned(names):
        with suppress(OSError):
            about = os.lstat(layout.tmp / match[0])
            sizes.append((about.st_mtime, about.st_size, match[0]))
    return _chosen(sizes, _now(layout)) if sizes else set()


def _now(layout: Layout) -> float:
    """By the clock of the file system, which the times of its files are of."""
    with suppress(OSError):
        os.utime(layout.tmp)
    return os.stat(layout.tmp).st_mtime


def _chosen(sizes: list[tuple[float, int, str]], now: float) -> set[str]:
    chosen, total = set(), 0
    for changed, size, name in sorted(sizes, reverse=True):
        total += size
        # One of the future is one that a clock was wrong for; it would be kept for ever.
        if total <= MOST and 0 <= now - changed + LONGEST <= 2 * LONGEST:
            chosen.add(name)
    return chosen


def _abandoned(names: Iterable[str]) -> list[re.Match[str]]:
    matches = (PART_NAME.fullmatch(name) for name in names)
    return [match for match in matches if match and (match[1] is None or not is_running(int(match[1])))]
