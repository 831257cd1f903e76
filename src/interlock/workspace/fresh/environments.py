"""Stamping an environment as in sync, for :mod:`interlock.workspace.fresh.unchanged` to find."""

from __future__ import annotations

import os
from collections.abc import Sequence

from interlock.build.digest import DESCRIPTION
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Directory, Member
from interlock.envs.environments import VirtualEnvironment
from interlock.install.swap import work_folder
from interlock.workspace.fresh.stamp import YOUNG, Stamps, are_newer, can_tell, save_stamp
from interlock.workspace.fresh.trees import declared_by_files
from interlock.workspace.fresh.unchanged import watched
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Workspace
from interlock.workspace.python_pin import PIN

__all__ = ["stamp_in_sync"]


def stamp_in_sync(
    stamps: Stamps,
    workspace: Workspace,
    environment: VirtualEnvironment,
    wanted: Sequence[Wanted],
    *,
    kept: int,
    question: str,
) -> None:
    """Remember that nothing had to be done to an environment, where a look at times and sizes can tell. Blocking."""
    files = [*watched(str(stamps.start), stamps.files), str(lockfile_path(workspace.root))]
    files += [str(environment.root / "pyvenv.cfg"), str(workspace.root / PIN)]
    trees = _trees(workspace, wanted) if can_tell(stamps, workspace) else None
    if trees is None or are_newer(files, stamps.began):
        return
    places = {environment.purelib, environment.platlib, environment.python, str(work_folder(environment)), *trees}
    if os.path.isabs(stamps.python):
        places.add(stamps.python)
    if are_newer(places, stamps.began, margin=YOUNG):
        return
    count = f"{kept} package{'' if kept == 1 else 's'}"
    message = f"{environment.root.name} is in sync ({count})."
    save_stamp(stamps, workspace, question, files, message, sorted(places))


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
            declared = declared_by_files(member)
            # The manifest is all that an editable wheel of such a tree is made from, but for which folders there are.
            if declared is None or declared.static is None:
                return None
            folder = str(member.directory)
            # Manifests are watched already.
            beside = [f"{folder}/{name}" for name in DESCRIPTION if name != "pyproject.toml"]
            found += [folder, f"{folder}/src", *beside]
    return found
