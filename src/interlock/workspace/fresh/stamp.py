"""Stamping a lock as fresh, or as what would be made anew, for :mod:`interlock.workspace.fresh.unchanged` to find."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from interlock.core.lock.model import Lock
from interlock.store.layout import Layout
from interlock.store.replace import read_regular
from interlock.workspace.fresh.anew import Anew, anew_message, anew_path
from interlock.workspace.fresh.unchanged import ANEW, FRESH, Outline, stamp_path, stamp_text, store_root, watched
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Workspace

__all__ = ["YOUNG", "Basis", "Stamps", "are_newer", "can_tell", "save_stamp", "stamp_anew", "stamp_fresh"]

YOUNG = 2.0
"""Seconds. What changed a moment ago may change again within the same tick of the file system's clock."""


class Stamps(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command leaves stamps, and what it was made from."""

    layout: Layout
    start: Path
    environ: Mapping[str, str]
    files: tuple[str, ...]
    """Configuration files, whether they exist or not."""
    logins: tuple[str, ...] = ()
    """Files with logins, whether they exist or not."""
    began: float
    """When the command did, in seconds since the epoch."""
    python: str
    """The interpreter asked for, which may be one at a place."""
    plain: bool
    """Whether its flags say nothing, and nothing makes it say more or less than it would."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a resolution rested on, when nothing but manifests, settings and pages of indexes had a part in it."""

    pages: tuple[str, ...]
    """The files they are kept in."""
    until: float
    """Seconds since the epoch: until when none of them would be asked for again."""


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


def stamp_anew(stamps: Stamps, workspace: Workspace, lock: Lock, basis: Basis) -> None:
    """Remember a lock that was just written, made without an old one and with nothing said of it. Blocking.

    For as long as every page is the file that it is now and would be believed: another look would find the same.
    """
    files = watched(str(stamps.start), stamps.files)
    places = sorted({*basis.pages, *stamps.logins})
    if (
        not can_tell(stamps, workspace)
        or lock.inputs.trees
        or not all(map(os.path.isfile, basis.pages))
        or are_newer(files, stamps.began)
        or are_newer(places, stamps.began, margin=YOUNG)
    ):
        return
    lockfile = lockfile_path(workspace.root)
    data = read_regular(lockfile)
    found = Anew(str(lockfile), data, len(lock.packages), len(lock.members))
    place = anew_path(str(stamps.layout.root), str(stamps.start))
    if stamps.layout.read(Path(place)) != data:
        stamps.layout.remember(Path(place), data)
    message = anew_message(found, stamps.began, basis.until)
    save_stamp(stamps, workspace, ANEW, files, message, places)


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
