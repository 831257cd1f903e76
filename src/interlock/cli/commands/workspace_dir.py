"""``interlock workspace dir``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.core.names import normalize_name
from interlock.workspace.discovery import discover

__all__ = ["run"]


def run(call: Call) -> int:
    """The directory of the workspace's root, or of one member."""
    workspace = discover(call.context.place.start, layout=call.context.means.layout)
    name = call.text("member")
    path = workspace.member(normalize_name(name)).directory if name else workspace.root
    if call.json:
        call.document({"path": path})
    else:
        call.terminal.data(f"{path}")
    return 0
