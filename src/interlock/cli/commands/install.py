"""``interlock install``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.installing import show_outcome, sync_options
from interlock.ops.syncing.sync import sync

__all__ = ["run"]


async def run(call: Call) -> int:
    if call.given("only_root") and call.given("exact"):
        raise BadValue("`--only-root` and `--sync` exclude each other.", hint="Leave out one of the two.")
    options = sync_options(call, exact=call.given("exact"))
    outcome = await sync(call.context, options)
    return show_outcome(call, outcome, options)
