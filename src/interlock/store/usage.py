"""Using the store: nobody empties it meanwhile, and what killed processes left in its ``tmp`` is gone before."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio.to_thread

from interlock.store.kept_parts import kept_parts
from interlock.store.layout import Layout
from interlock.store.locks import LockTimeout, hold, hold_sync
from interlock.store.processes import is_running

__all__ = ["sweep", "using"]

_OWNER = re.compile(r"(?:page-)?(\d+)-")
"""Names that tell the process that works on a file, be it one that does not say that it uses the store."""
_GRAVES = "removed-"
"""Folders beside the locks with what was moved away to be deleted."""


@asynccontextmanager
async def using(layout: Layout) -> AsyncIterator[None]:
    """Hold the store's lock with all others that use it."""
    if _leftovers(layout):
        await anyio.to_thread.run_sync(sweep, layout)
    async with hold(layout.usage_lock, shared=True):
        yield


def sweep(layout: Layout) -> None:
    """Delete work in progress of processes that are gone; nothing while another process uses the store. Blocking.

    Files that came in part stay for a while (:mod:`interlock.store.kept_parts`), for who goes on with them.
    """
    with suppress(OSError, LockTimeout), hold_sync(layout.usage_lock, timeout=0):
        for path in _leftovers(layout):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _leftovers(layout: Layout) -> list[Path]:
    names = _listed(layout.tmp)
    kept = kept_parts(layout, names)
    found = [layout.tmp / name for name in names if name not in kept and not _is_owned(name)]
    return found + [layout.locks / name for name in _listed(layout.locks) if name.startswith(_GRAVES)]


def _is_owned(name: str) -> bool:
    match = _OWNER.match(name)
    return match is not None and is_running(int(match[1]))


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
