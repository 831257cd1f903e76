"""``interlock info``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call, checked_name
from interlock.cli.columns import columns
from interlock.ops.showing.package_info import package_info
from interlock.workspace.here import workspace_or_none

__all__ = ["run"]

_SHOWN = 12


async def run(call: Call) -> int:
    if not call.text("name"):
        raise BadValue("Which package?", hint="Name it exactly: `interlock info httpx`.")
    workspace = workspace_or_none(call.context.place.start, call.context.means.layout)
    context = call.context if workspace is None else call.context.within(workspace.settings)
    found = await package_info(context, checked_name(call.text("name")))
    if call.json:
        call.document(found)
        return 0
    more = len(found.versions) - _SHOWN
    rows = [
        ("name", found.name),
        ("latest", found.latest),
        ("index", found.index),
        ("status", found.status),
        ("python", found.requires_python or "any"),
        ("needs", ", ".join(found.requires)),
        ("extras", ", ".join(found.extras)),
        ("versions", ", ".join(found.versions[:_SHOWN]) + (f" and {more} more" if more > 0 else "")),
        ("files", str(len(found.files))),
    ]
    call.terminal.data(columns([row for row in rows if row[1]]))
    return 0
