"""Rewriting manifests and nothing else: what neither the lock nor an environment has to follow at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio.to_thread

from interlock.context import Context
from interlock.core.manifests.parse import parse_manifest
from interlock.errors import ManifestError
from interlock.store.locks import hold
from interlock.store.replace import replace_file
from interlock.workspace.discovery import discover
from interlock.workspace.guards import workspace_guard
from interlock.workspace.members import Workspace

__all__ = ["ATTEMPTS", "FileChanged", "Files", "read_file", "read_manifest", "rewrite"]

ATTEMPTS = 5
Files = dict[str, bytes]
"""New contents of manifests, by the path of the member."""


class FileChanged(ManifestError):
    """Somebody keeps saving a file that is to be changed."""

    code = "file-changed"


async def rewrite(context: Context, make: Callable[[Workspace], Files]) -> None:
    """Write what ``make`` gives for the workspace as it is; made anew when somebody saved a file meanwhile."""
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    async with hold(workspace_guard(workspace.root), passing=True):
        for _ in range(ATTEMPTS):
            if await anyio.to_thread.run_sync(lambda: _attempt(context, make)):
                return
    raise FileChanged("The manifests are being changed by another program again and again.", hint="Try again.")


def _attempt(context: Context, make: Callable[[Workspace], Files]) -> bool:
    workspace = discover(context.place.start, layout=context.means.layout)
    places = {path: workspace.root / path / "pyproject.toml" for path in (".", *workspace.by_path)}
    before = {path: read_file(place) for path, place in places.items()}
    files = make(workspace)
    for path, data in files.items():
        # What nobody could read afterwards is not written.
        parse_manifest(data, path=path, file="pyproject.toml" if path == "." else f"{path}/pyproject.toml")
    if any(read_file(places[path]) != before[path] for path in files):
        return False
    for path, data in files.items():
        if data != before[path]:
            replace_file(places[path], data)
    return True


def read_manifest(workspace: Workspace, path: str) -> bytes:
    """The bytes of a member's manifest; ``"."`` is the root's."""
    return (workspace.root / path / "pyproject.toml").read_bytes()


def read_file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
