"""Stamping a lock as fresh and an environment as in sync, for :mod:`interlock.workspace.unchanged` to find."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from interlock.build.revision import reads_revision
from interlock.build.source import SourceTree, read_declared
from interlock.core.lock.model import Lock
from interlock.core.plan import Wanted
from interlock.core.sources import Directory, Member
from interlock.envs.environments import VirtualEnvironment
from interlock.install.swap import work_folder
from interlock.settings import GlobalFlags
from interlock.workspace.context import Context
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Workspace
from interlock.workspace.unchanged import FRESH, stamp_path, stamp_text, store_root, watched

__all__ = ["stamp_fresh", "stamp_in_sync"]

_DESCRIBING = ("setup.py", "setup.cfg", "hatch.toml", "hatch_build.py", "MANIFEST.in", "CMakeLists.txt")
_YOUNG = 2.0
"""Seconds. What changed a moment ago may change again within the same tick of the file system's clock."""


def stamp_fresh(context: Context, workspace: Workspace, lock: Lock, *, written: bool = False) -> None:
    """Remember that the lock is fresh, unless that depends on more than the stamp tells. Blocking.

    ``written``: by this very command. Any other file that changed after the command began leaves it open which of the
    two states was looked at, and then nothing is remembered.
    """
    lockfile = str(lockfile_path(workspace.root))
    files = [path for path in watched(str(context.start), context.around.files) if path != lockfile]
    if _can_tell(context, workspace) and not _are_newer(
        files if written else [*files, lockfile], context.now.timestamp()
    ):
        message = f"{len(lock.packages)} {'aloud' if workspace.warnings else 'silent'}"
        _save(context, workspace, FRESH, [*files, lockfile], message)


def stamp_in_sync(
    context: Context,
    workspace: Workspace,
    environment: VirtualEnvironment,
    wanted: Sequence[Wanted],
    *,
    kept: int,
    question: str,
) -> None:
    """Remember that nothing had to be done to an environment, where a look at times and sizes can tell. Blocking."""
    files = [*watched(str(context.start), context.around.files), str(lockfile_path(workspace.root))]
    files.append(str(environment.root / "pyvenv.cfg"))
    trees = _trees(workspace, wanted) if _can_tell(context, workspace) else None
    if trees is None or _are_newer(files, context.now.timestamp()):
        return
    places = {environment.purelib, environment.platlib, environment.python, str(work_folder(environment)), *trees}
    if os.path.isabs(context.settings.python):
        places.add(context.settings.python)
    if _are_newer(places, context.now.timestamp() - _YOUNG):
        return
    count = f"{kept} package{'' if kept == 1 else 's'}"
    message = f"{environment.root.name} is in sync ({count})."
    _save(context, workspace, question, files, message, sorted(places))


def _trees(workspace: Workspace, wanted: Sequence[Wanted]) -> list[str] | None:
    """What decides whether installed source trees are what they were; None when that takes a closer look."""
    found: list[str] = []
    for item in wanted:
        if isinstance(item.source, Directory):
            return None
        if isinstance(item.source, Member):
            member = workspace.find(item.source.name)
            if member is None or not item.editable:
                return None
            declared = read_declared(SourceTree(path=member.directory, name=item.name))
            # The manifest is all that an editable wheel of such a tree is made from, but for which folders there are.
            if declared.static is None or reads_revision(member.directory, declared.system):
                return None
            folder = str(member.directory)
            found += [folder, f"{folder}/src", *(f"{folder}/{name}" for name in _DESCRIBING)]
    return found


def _can_tell(context: Context, workspace: Workspace) -> bool:
    """Whether all that settings are made from is in a stamp."""
    settings = context.settings
    return (
        context.flags == GlobalFlags()
        and not settings.json
        and not settings.verbosity
        and not settings.exclude_newer_package  # a window may be among these, which moves with the clock
        and bool(workspace.digest)
        and store_root(context.environ) == str(context.layout.root)
    )


def _save(
    context: Context,
    workspace: Workspace,
    question: str,
    files: Sequence[str],
    message: str,
    places: Sequence[str] = (),
) -> None:
    table = workspace.manifest.workspace
    text = stamp_text(
        context.environ,
        files,
        root=str(workspace.root),
        patterns=(table.members, table.exclude) if table is not None else ((), ()),
        manifests=workspace.digest,
        message=message,
        question=question,
        places=places,
    )
    place = Path(stamp_path(str(context.layout.root), str(context.start), question))
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
