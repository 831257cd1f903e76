"""Stamping a lock as fresh, for :mod:`interlock.workspace.fresh.unchanged` to find."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from interlock.core.lock.model import Lock
from interlock.store.layout import Layout
from interlock.workspace.fresh.unchanged import FRESH, Outline, stamp_path, stamp_text, store_root, watched
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Workspace

__all__ = ["YOUNG", "Stamps", "are_newer", "can_tell", "save_stamp", "stamp_fresh"]

YOUNG = 2.0
"""Seconds. What changed a moment ago may change again within the same tick of the file system's clock."""


class Stamps(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command leaves stamps, and what it was made from."""

    layout: Layout
    start: Path
    environ: Mapping[str, str]
    files: tuple[str, ...]
    """Configuration files, whether they exist or not."""
    began: float
    """When the command did, in seconds since the epoch."""
    python: str
    """The interpreter asked for, which may be one at a place."""
    plain: bool
    """Whether its flags say nothing, and nothing makes it say more or less than it would."""


def stamp_fresh(stamps: Stamps, workspace: Workspace, lock: Lock, *, written: bool, aloud: bool) -> None:
    """Remember that the lock is fresh, unless that depends on more than the stamp tells. Blocking.

    Any file but a lock that was written by this very command that changed after the command began leaves it open which
    of the two states was looked at, and then nothing is remembered.
    """
    lockfile = str(lockfile_path(workspace.root))
    files = [path for path in watched(str(stamps.start), stamps.files) if path != lockfile]
    if (
        not lock.inputs.trees
        and can_tell(stamps, workspace)
        and not are_newer(files if written else [*files, lockfile], stamps.began)
    ):
        message = f"{len(lock.packages)} {'aloud' if aloud else 'silent'}"
        save_stamp(stamps, workspace, FRESH, [*files, lockfile], message)


def can_tell(stamps: Stamps, workspace: Workspace) -> bool:
    """Whether all that settings are made from is in a stamp."""
    return stamps.plain and bool(workspace.digest) and store_root(stamps.environ) == str(stamps.layout.root)


def save_stamp(
    stamps: Stamps,
    workspace: Workspace,
    question: str,
    files: Sequence[str],
    message: str,
    places: Sequence[str] = (),
) -> None:
    table = workspace.manifest.workspace
    patterns = (table.members, table.exclude) if table is not None else ((), ())
    outline = Outline(str(workspace.root), workspace.digest, *patterns)
    text = stamp_text(stamps.environ, question, message, outline, files, places)
    place = Path(stamp_path(str(stamps.layout.root), str(stamps.start), question))
    data = text.encode("utf-8", "surrogateescape")
    if data and stamps.layout.read(place) != data:
        stamps.layout.remember(place, data)


def are_newer(paths: Iterable[str], moment: float, *, margin: float = 0.0) -> bool:
    """Whether any was changed after a moment, or ``margin`` seconds before it; one whose time was set back since counts
    too."""
    for path in paths:
        try:
            found = os.stat(path)
        except OSError:
            continue
        if found.st_mtime >= moment - margin or found.st_ctime >= moment:
            return True
    return False
