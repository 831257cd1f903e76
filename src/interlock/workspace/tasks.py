"""The tasks of a workspace: the root's for every member, and a member's own before these."""

from __future__ import annotations

from interlock.core.manifests.manifest import Manifest
from interlock.core.manifests.tasks import Task, parse_tasks
from interlock.workspace.members import Workspace

__all__ = ["tasks_of"]


def tasks_of(workspace: Workspace, manifest: Manifest, *, own: bool = False) -> dict[str, Task]:
    """Tasks by name, the root's among them unless only the manifest's ``own`` are wanted."""
    file = "pyproject.toml" if manifest.path == "." else f"{manifest.path}/pyproject.toml"
    found = parse_tasks(manifest.kept.get("tasks"), file)
    if own or manifest is workspace.manifest:
        return found
    return {**parse_tasks(workspace.manifest.kept.get("tasks"), "pyproject.toml"), **found}
