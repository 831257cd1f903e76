"""``interlock sync``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.installing import show_outcome, sync_options
from interlock.ops.syncing.sync import sync

__all__ = ["run"]


async def run(call: Call) -> int:
    options = sync_options(call, exact=not call.given("inexact"))
    outcome = await sync(call.context, options)
    return show_outcome(call, outcome, options)
