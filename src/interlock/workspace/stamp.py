"""Stamping a lock as fresh, for :mod:`interlock.workspace.unchanged` to find."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from interlock.core.lock.model import Lock
from interlock.settings import GlobalFlags
from interlock.workspace.context import Context
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Workspace
from interlock.workspace.unchanged import stamp_path, stamp_text, store_root, watched

__all__ = ["stamp_fresh"]


def stamp_fresh(context: Context, workspace: Workspace, lock: Lock, *, written: bool = False) -> None:
    """Remember that the lock is fresh, unless that depends on more than the stamp tells. Blocking.

    ``written``: by this very command. Any other file that changed after the command began leaves it open which of the
    two states was looked at, and then nothing is remembered.
    """
    settings, start = context.settings, str(context.start)
    if (
        context.flags != GlobalFlags()
        or settings.json
        or settings.verbosity
        or settings.exclude_newer_package  # a window may be among these, which moves with the clock
        or not workspace.digest
        or store_root(context.environ) != str(context.layout.root)
    ):
        return
    lockfile = str(lockfile_path(workspace.root))
    before = [path for path in watched(start, context.around.files) if path != lockfile]
    if _are_newer(before if written else [*before, lockfile], context.now.timestamp()):
        return
    table = workspace.manifest.workspace
    text = stamp_text(
        context.environ,
        [*before, lockfile],
        root=str(workspace.root),
        patterns=(table.members, table.exclude) if table is not None else ((), ()),
        manifests=workspace.digest,
        message=f"{len(lock.packages)} {'aloud' if workspace.warnings else 'silent'}",
    )
    place = Path(stamp_path(str(context.layout.root), start))
    data = text.encode("utf-8", "surrogateescape")
    if data and context.layout.read(place) != data:
        context.layout.write(place, data)


def _are_newer(paths: Iterable[str], moment: float) -> bool:
    for path in paths:
        try:
            if os.stat(path).st_mtime >= moment:
                return True
        except OSError:
            continue
    return False
