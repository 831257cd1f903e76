"""The workspace where a command was started, for commands that can do without one."""

from __future__ import annotations

from pathlib import Path

from interlock.store.layout import Layout
from interlock.workspace.discovery import NoProject, discover
from interlock.workspace.members import Workspace

__all__ = ["workspace_or_none"]


def workspace_or_none(start: Path, layout: Layout) -> Workspace | None:
    """The workspace here; None where there is none."""
    try:
        return discover(start, layout=layout)
    except NoProject:
        return None
