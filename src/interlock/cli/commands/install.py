"""``interlock install``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.installing import show_outcome, sync_options
from interlock.ops.sync import sync

__all__ = ["run"]


async def run(call: Call) -> int:
    options = sync_options(call, exact=call.given("exact"))
    outcome = await sync(call.context, options)
    return show_outcome(call, outcome, options)
