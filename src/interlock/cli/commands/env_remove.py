"""``interlock env remove``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.ops.envs.environments import remove_environments

__all__ = ["run"]


async def run(call: Call) -> int:
    every = call.given("all") or call.given("all_packages")
    removed = await remove_environments(call.context, call.names("package"), call.texts("pythons"), every=every)
    if call.json:
        call.document({"removed": removed})
    else:
        for path in removed:
            call.terminal.say(f"Removed {path}.")
    return 0
