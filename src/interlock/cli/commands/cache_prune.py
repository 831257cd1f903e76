"""``interlock cache prune``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.words import what_was_removed
from interlock.ops.caching.cache import prune

__all__ = ["run"]


async def run(call: Call) -> int:
    removed = await prune(call.context.means.layout, ci=call.given("ci"), force=call.given("force"))
    if call.json:
        call.document(removed)
    else:
        call.terminal.say(what_was_removed(removed.files, removed.bytes, removed.in_use))
    return 0
