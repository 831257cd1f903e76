"""``interlock cache key``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.selecting import selection_flags
from interlock.ops.caching.packed import PackSelection, find_packed

__all__ = ["run"]


async def run(call: Call) -> int:
    asked = PackSelection(flags=selection_flags(call, everyone=True), frozen=call.flag("frozen"))
    key = (await find_packed(call.context, asked)).key
    if call.json:
        call.document(key)
    else:
        call.terminal.data(key.prefix if call.given("prefix") else key.key)
    return 0
