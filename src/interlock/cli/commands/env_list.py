"""``interlock env list``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.ops.envs.described import describe_environment
from interlock.ops.envs.environments import list_environments

__all__ = ["run"]


async def run(call: Call) -> int:
    states = await list_environments(call.context)
    if call.json:
        call.document({"environments": [describe_environment(state) for state in states]})
        return 0
    for state in states:
        about = state.environment.interpreter.version if state.environment is not None else "broken"
        owner = state.member or "shared"
        mark = "" if state.ours else "  (made by another tool)"
        call.terminal.data(f"{owner:<20} {about:<10} {state.path}{mark}")
    if not states:
        call.terminal.say("There is no environment yet; `interlock sync` makes one.")
    return 0
