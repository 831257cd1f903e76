"""Which manifests an editing command is about, and opening them for editing in their own dialect."""

from __future__ import annotations

from interlock.core.editing.manifest_editor import ManifestEditor
from interlock.core.editing.open_manifest import open_manifest
from interlock.core.manifests.manifest import Manifest
from interlock.core.names import NormalizedName
from interlock.errors import UsageError
from interlock.workspace.members import Workspace

__all__ = ["NoMemberHere", "chosen_paths", "manifest_at", "manifest_file", "open_editor", "source_table"]


class NoMemberHere(UsageError):
    """A command about a project was given at a root that is none."""

    code = "no-member-here"


def chosen_paths(
    workspace: Workspace, packages: tuple[NormalizedName, ...], *, everyone: bool, root_allowed: bool
) -> tuple[str, ...]:
    """The paths of the members that are meant, in the order of their names.

    Without names it is the member one stands in; a virtual root only where it can be meant.
    """
    if everyone:
        return tuple(member.path for member in workspace.members)
    if packages:
        return tuple(workspace.member(name).path for name in dict.fromkeys(packages))
    if workspace.current is not None:
        return (workspace.by_name[workspace.current].path,)
    if workspace.manifest.name is not None or root_allowed:
        return (".",)
    raise NoMemberHere(
        "The workspace root is no project, so it has no dependencies.",
        hint="Name a member with --package, or a group of the root with --group.",
    )


def manifest_at(workspace: Workspace, path: str) -> Manifest:
    return workspace.manifest if path == "." else workspace.by_path[path].manifest


def manifest_file(path: str) -> str:
    """The manifest of a directory of the workspace as messages call it."""
    return "pyproject.toml" if path == "." else f"{path}/pyproject.toml"


def source_table(workspace: Workspace, manifest: Manifest) -> tuple[str, ...]:
    """The sources table of a manifest: the root's dialect decides where the manifest has no tool table of its own."""
    owner = workspace.manifest if manifest.dialect in {"standard", "poetry"} else manifest
    return (*owner.tool_table, "sources")


def open_editor(workspace: Workspace, path: str, data: bytes) -> ManifestEditor:
    manifest = manifest_at(workspace, path)
    return open_manifest(data, manifest_file(path), sources=source_table(workspace, manifest))
