"""``interlock venv``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.ops.envs.environments import make_environment

__all__ = ["run"]


async def run(call: Call) -> int:
    made = await make_environment(
        call.context,
        call.text("path"),
        prompt=call.text("prompt"),
        system_site_packages=call.given("system_site_packages"),
        clear=call.given("clear"),
    )
    if call.json:
        call.document({"path": made.root, "python": made.python, "version": made.interpreter.version})
    else:
        call.terminal.say(f"Made {made.root} with Python {made.interpreter.version}.")
    return 0
