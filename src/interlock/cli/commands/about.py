"""``interlock about``."""

from __future__ import annotations

import platform
import sys

from interlock import __version__
from interlock.cli.call import Call
from interlock.cli.columns import columns
from interlock.cli.places import user_file
from interlock.workspace.here import workspace_or_none

__all__ = ["run"]


def run(call: Call) -> int:
    workspace = workspace_or_none(call.context.place.start, call.context.means.layout)
    rows = {
        "interlock": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "executable": sys.executable,
        "platform": platform.platform(),
        "cache": str(call.context.means.layout.root),
        "configuration": str(user_file(call.context.means.environ)),
        "workspace": str(workspace.root) if workspace is not None else "",
        "members": len(workspace.members) if workspace is not None else None,
    }
    if call.json:
        call.document(rows)
    else:
        call.terminal.data(columns([(name, str(value)) for name, value in rows.items() if value not in ("", None)]))
    return 0
