"""``interlock env info``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.ops.envs.described import describe_environment
from interlock.ops.envs.environments import NoEnvironment, find_environment

__all__ = ["run"]


async def run(call: Call) -> int:
    state = await find_environment(call.context, call.names("package"))
    if call.json:
        call.document(describe_environment(state))
        return 0 if state.environment is not None else 1
    if state.environment is None:
        raise NoEnvironment(
            state.problem or f"There is no environment at {state.path}.", hint="Make it with `interlock sync`."
        )
    environment = state.environment
    if call.given("path"):
        call.terminal.data(str(environment.root))
    elif call.given("executable"):
        call.terminal.data(environment.python)
    else:
        base = environment.interpreter
        rows = {
            "path": environment.root,
            "executable": environment.python,
            "python": f"{base.implementation} {base.version}",
            "base": base.base_executable,
            "made by": "interlock" if environment.ours else "another tool",
        }
        call.terminal.data("".join(f"{name:<11} {value}\n" for name, value in rows.items()))
    return 0
