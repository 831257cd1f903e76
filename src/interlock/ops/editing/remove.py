"""``interlock remove``: requirements taken out of manifests, with the sources nobody needs any more."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from interlock.context import Context
from interlock.core.editing.manifest_editor import ManifestEditor, Target
from interlock.core.manifests.problems import suggest
from interlock.core.names import NormalizedName
from interlock.errors import UsageError
from interlock.ops.editing.changes import ChangeOptions, ChangeOutcome, Draft, change
from interlock.ops.editing.editing import chosen_paths, manifest_file, open_editor
from interlock.ops.editing.leaving import leave, members_at, named_by_path
from interlock.ops.editing.rewrite import read_manifest
from interlock.workspace.members import Workspace

__all__ = ["NotADependency", "RemoveOptions", "RemoveOutcome", "remove_packages"]


class NotADependency(UsageError):
    """A package is to be removed that is not listed."""

    code = "not-a-dependency"
    exit_code = 1


class RemoveOptions(msgspec.Struct, frozen=True, kw_only=True):
    names: tuple[NormalizedName, ...]
    places: tuple[Path, ...] = ()
    """Directories of members that are to leave the workspace, and of path dependencies."""
    packages: tuple[NormalizedName, ...] = ()
    all_packages: bool = False
    target: Target | None = None
    """None: wherever the package is listed."""
    after: ChangeOptions = ChangeOptions(uninstall=True)


class RemoveOutcome(msgspec.Struct, frozen=True, kw_only=True):
    change: ChangeOutcome
    removed: tuple[tuple[str, str, str], ...] = ()
    """Path of the member, where in it, and the name."""
    left: tuple[str, ...] = ()
    """Paths of members that are members no more."""


async def remove_packages(context: Context, options: RemoveOptions) -> RemoveOutcome:
    """Remove the names from every chosen member; each has to be found in one of them at least.

    Raises :class:`NotADependency`.
    """
    removed: list[tuple[str, str, str]] = []
    left: list[str] = []

    async def make(workspace: Workspace) -> Draft:
        removed.clear()
        leaving = members_at(workspace, options.places)
        left[:] = [member.path for member in leaving]
        files: dict[str, bytes] = {}
        if leaving:
            editor = open_editor(workspace, ".", read_manifest(workspace, "."))
            for member in leaving:
                leave(workspace, editor, member)
            files["."] = editor.data
        if not options.names and len(leaving) == len(options.places):
            return Draft(files=files)
        paths = chosen_paths(workspace, options.packages, everyone=options.all_packages, root_allowed=True)
        names = _names(workspace, paths, options, left)
        known: set[str] = set()
        for path in paths:
            editor = open_editor(workspace, path, files.get(path) or read_manifest(workspace, path))
            for name in names:
                removed.extend((path, str(target), name) for target in _remove(editor, name, options.target))
            known |= {found.name for target in editor.targets() for found in editor.requirements(target)}
            files[path] = editor.data
        for name in names:
            if not any(found == name for _, _, found in removed):
                place = f"{options.target} of " if options.target is not None else ""
                where = ", ".join(manifest_file(path) for path in paths[:5]) + (", ..." if len(paths) > 5 else "")
                raise NotADependency(
                    f"`{name}` was not found in {place}{where}.{suggest(name, known)}", facts={"package": name}
                )
        return Draft(files=files)

    outcome = await change(_outside(context, options.places), make, options.after)
    return RemoveOutcome(change=outcome, removed=tuple(removed), left=tuple(left))


def _outside(context: Context, places: tuple[Path, ...]) -> Context:
    """Stand where the workspace is found although the directory one stands in leaves it."""
    inside = [place for place in places if context.place.start.is_relative_to(place)]
    return context.starting_at(inside[0].parent) if inside else context


def _names(
    workspace: Workspace, paths: tuple[str, ...], options: RemoveOptions, left: list[str]
) -> tuple[NormalizedName, ...]:
    """The names to remove, those of path dependencies included."""
    found = list(options.names)
    for place in options.places:
        if os.path.relpath(place, workspace.root).replace(os.sep, "/") in left:
            continue
        named = named_by_path(workspace, paths, (place,))
        if not named:
            raise NotADependency(
                f"{place} is neither a member of the workspace nor where a dependency comes from.",
                facts={"path": str(place)},
            )
        found += named
    return tuple(found)


def _remove(editor: ManifestEditor, name: NormalizedName, only: Target | None) -> list[Target]:
    """Take a name out of one target or all; its source goes when nothing mentions it any more."""
    targets = editor.targets() if only is None else (only,)
    gone = [target for target in targets if editor.remove(target, name)]
    if gone and not any(found.name == name for target in editor.targets() for found in editor.requirements(target)):
        editor.remove_source(name)
    return gone
