"""``interlock workspace list``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.workspace.discovery import discover

__all__ = ["run"]


def run(call: Call) -> int:
    workspace = discover(call.context.place.start, layout=call.context.means.layout)
    members = workspace.members
    if call.json:
        call.document(
            {
                "root": workspace.root,
                "members": [
                    {
                        "name": member.name,
                        "path": member.path,
                        "version": member.manifest.version,
                        "requires_python": member.manifest.requires_python or None,
                        "package": member.manifest.package,
                        "current": member.name == workspace.current,
                    }
                    for member in members
                ],
            }
        )
    elif call.given("paths"):
        call.terminal.data("".join(f"{member.directory}\n" for member in members))
    else:
        width = max((len(member.name) for member in members), default=0)
        call.terminal.data("".join(f"{member.name:<{width}}  {member.path}\n" for member in members))
    return 0
