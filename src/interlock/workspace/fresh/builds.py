"""Stamping members as built, for :mod:`interlock.workspace.fresh.unchanged` to find."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from interlock.build.digest import deciding_places
from interlock.workspace.epoch import is_of_commit
from interlock.workspace.fresh.stamp import YOUNG, Stamps, are_newer, can_tell, save_stamp
from interlock.workspace.fresh.trees import declared_by_files
from interlock.workspace.fresh.unchanged import watched
from interlock.workspace.members import Member, Workspace
from interlock.workspace.python_pin import PIN

__all__ = ["stamp_built"]


def stamp_built(
    stamps: Stamps,
    workspace: Workspace,
    files: Sequence[tuple[str, int]],
    *,
    interpreters: Iterable[str],
    question: str,
) -> None:
    """Remember that every member that is a package had been built already, where times and sizes can tell. Blocking.

    ``files`` are what they were built to, path and size; ``interpreters`` are places that decide which
    interpreter builds.
    """
    if workspace.warnings or is_of_commit(workspace) or not can_tell(stamps, workspace):
        return
    packages = [member for member in workspace.members if member.manifest.package]
    trees: list[str] = []
    for member in packages:
        tree = _of_tree(member)
        if tree is None:
            return
        trees += tree
    pins = (os.path.join(folder, PIN) for folder in (stamps.start, *stamps.start.parents))
    sources = [*watched(str(stamps.start), stamps.files), *pins]
    places = {*trees, *(path for path, _ in files), *interpreters}
    if are_newer(sources, stamps.began) or are_newer(places, stamps.began, margin=YOUNG):
        return
    message = "\t".join([str(len(packages)), *(f"{size} {path}" for path, size in files)])
    save_stamp(stamps, workspace, question, sources, message, sorted(places))


def _of_tree(member: Member) -> list[str] | None:
    """What decides whether a member would be built to the same; None when that takes a closer look."""
    if declared_by_files(member) is None:
        return None
    try:
        return deciding_places(member.directory)
    except OSError:
        return None
