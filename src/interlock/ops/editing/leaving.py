"""Directories named to ``interlock remove``: members that are to be members no more, and path dependencies."""

from __future__ import annotations

import os
from pathlib import Path

from interlock.core.editing.manifest_editor import ManifestEditor
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, File
from interlock.core.toml.array import insert, items, literal, remove
from interlock.errors import UsageError
from interlock.ops.editing.editing import manifest_at
from interlock.workspace.globs import is_excluded, is_included
from interlock.workspace.graph import member_graph
from interlock.workspace.members import Member, Workspace

__all__ = ["StillNeeded", "leave", "members_at", "named_by_path"]


class StillNeeded(UsageError):
    """A member is to leave that others need."""

    code = "still-needed"
    exit_code = 1


def members_at(workspace: Workspace, places: tuple[Path, ...]) -> tuple[Member, ...]:
    """The members whose directories these are, without the root. Raises :class:`StillNeeded`."""
    paths = [os.path.relpath(place, workspace.root).replace(os.sep, "/") for place in places]
    found = [workspace.by_path[path] for path in paths if path in workspace.by_path and path != "."]
    leaving = {member.name for member in found}
    graph = member_graph(workspace)
    for member in found:
        others = sorted({item.member for item in graph.dependencies if item.needs == member.name} - leaving)
        if others:
            raise StillNeeded(
                f"{member.name} is needed by {', '.join(others)}, so it cannot leave the workspace.",
                hint=f"Remove it from {'that' if len(others) == 1 else 'those'} first:"
                f" `interlock remove {member.name} {' '.join(f'--package {name}' for name in others)}`.",
                facts={"member": member.name, "needed-by": others},
            )
    return tuple(found)


def named_by_path(workspace: Workspace, paths: tuple[str, ...], places: tuple[Path, ...]) -> tuple[NormalizedName, ...]:
    """The names of dependencies that come from one of these places, in the manifests at ``paths``."""
    wanted = {os.path.relpath(place, workspace.root).replace(os.sep, "/") for place in places}
    found: dict[NormalizedName, None] = {}
    for path in paths:
        for name, rules in manifest_at(workspace, path).sources.items():
            sources = [rule.source for rule in rules]
            if any(isinstance(source, Directory | File) and source.path in wanted for source in sources):
                found[name] = None
    return tuple(found)


def leave(workspace: Workspace, editor: ManifestEditor, member: Member) -> None:
    """Take a member out of the root's table: out of its list, and by an exclusion where a pattern finds it."""
    table = (*workspace.manifest.tool_table, "workspace")

    def without(text: str) -> str:
        for position, item in reversed(list(enumerate(items(text)))):
            if isinstance(item, str) and os.path.normpath(item) == member.path:
                text = remove(text, position)
        return text

    editor.edit_list((*table, "members"), without)
    listed = editor.document.get((*table, "members"))
    patterns = tuple(item for item in listed if isinstance(item, str)) if isinstance(listed, list) else ()
    own = workspace.manifest.workspace
    if is_included(member.path, patterns) and not is_excluded(member.path, own.exclude if own is not None else ()):
        editor.edit_list((*table, "exclude"), lambda text: insert(text, len(items(text)), literal(member.path)))
    editor.remove_source(member.name)
