"""``interlock catalog show``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.columns import columns
from interlock.ops.showing.catalog import list_catalog

__all__ = ["run"]


async def run(call: Call) -> int:
    lines = await list_catalog(call.context)
    if call.json:
        call.document({"ranges": lines})
        return 0
    rows = [(line.name, line.range, line.catalog, ", ".join(line.members) or "nobody") for line in lines]
    if rows:
        call.terminal.data(columns(rows))
    else:
        call.terminal.say("There is no catalog. Make one with `interlock catalog set 'httpx>=0.27'`, or with `dedupe`.")
    for line in lines:
        for own in line.own:
            call.terminal.say(f"{own.member} asks for {line.name}{own.range} itself.")
    return 0
