"""``interlock env check``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.ops.editing.consistency import check_environment
from interlock.ops.envs.environments import existing

__all__ = ["run"]


async def run(call: Call) -> int:
    """0 when everything that is installed has what it needs, else 1."""
    environment = await existing(call.context, call.names("package"))
    found = await check_environment(environment)
    if call.json:
        call.document({"ok": not found, "problems": found})
        return 1 if found else 0
    for problem in found:
        call.terminal.data(str(problem))
    call.terminal.say(f"{environment.root} is consistent." if not found else f"{len(found)} problems.")
    return 1 if found else 0
