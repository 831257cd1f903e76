"""The workspace where a command was started, for commands that can do without one."""

from __future__ import annotations

from interlock.workspace.context import Context
from interlock.workspace.discovery import NoProject, discover
from interlock.workspace.members import Workspace

__all__ = ["workspace_or_none"]


def workspace_or_none(context: Context) -> Workspace | None:
    """The workspace here; None where there is none."""
    try:
        return discover(context.start, layout=context.layout)
    except NoProject:
        return None
