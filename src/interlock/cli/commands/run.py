"""``interlock run``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.installing import sync_options
from interlock.workspace.options import RunOptions
from interlock.workspace.run import run as run_program

__all__ = ["run"]


async def run(call: Call) -> int:
    if not call.rest:
        raise BadValue("There is nothing to run.", hint="Name a program: `interlock run python`.")
    options = RunOptions(
        command=call.rest,
        module=call.given("module"),
        sync=sync_options(call, exact=call.given("exact")),
        no_sync=call.flag("no_sync"),
        env_files=tuple(call.values.env_file),
    )
    outcome = await run_program(call.context, options)
    return outcome.exit_code
