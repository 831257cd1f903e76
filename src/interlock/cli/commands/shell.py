"""``interlock shell``."""

from __future__ import annotations

import os

from interlock.cli.call import Call
from interlock.cli.installing import sync_options
from interlock.ops.run import child_environ, entered
from interlock.workspace.child import supervise
from interlock.workspace.options import RunOptions

__all__ = ["run"]


async def run(call: Call) -> int:
    environ = call.context.environ
    shell = environ.get("SHELL") or environ.get("COMSPEC") or ("cmd" if os.name == "nt" else "/bin/sh")
    options = RunOptions(command=(shell,), sync=sync_options(call, exact=False), no_sync=call.flag("no_sync"))
    async with entered(call.context, options) as place:
        call.terminal.say(f"{shell} in {place.root}; leave with `exit`.")
        return await supervise([shell], child_environ(call.context, place), call.context.cwd)
