"""``interlock cache prune``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.words import format_bytes
from interlock.ops.cache import prune

__all__ = ["run"]


async def run(call: Call) -> int:
    removed = await prune(call.context.layout, ci=call.given("ci"))
    if call.json:
        call.document(removed)
    else:
        call.terminal.say(f"Removed {removed.files} files, {format_bytes(removed.bytes)}.")
    return 0
