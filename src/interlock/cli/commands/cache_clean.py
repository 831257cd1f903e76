"""``interlock cache clean``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.words import format_bytes
from interlock.ops.cache import clean

__all__ = ["run"]


async def run(call: Call) -> int:
    removed = await clean(call.context.layout, call.names("packages"), force=call.given("all"))
    if call.json:
        call.document(removed)
    else:
        call.terminal.say(f"Removed {removed.files} files, {format_bytes(removed.bytes)}.")
    return 0
