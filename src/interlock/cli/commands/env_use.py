"""``interlock env use``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.pythons import pythons_here
from interlock.ops.envs.environments import find_environment, make_environment
from interlock.toolchain.python import find_python, other_pin

__all__ = ["run"]


async def run(call: Call) -> int:
    """Make the environment anew with another interpreter, unless it has that one."""
    request = call.text("request")
    if not request:
        raise BadValue("Which Python?", hint="Name one: `interlock env use 3.12`.")
    # Poetry's word for: no longer the one that was chosen.
    wanted = await find_python(pythons_here(call), call.context.means.layout, "" if request == "system" else request)
    state = await find_environment(call.context)
    same = state.environment is not None and state.environment.interpreter.base_executable == wanted.base_executable
    if not same:
        await make_environment(call.context.asking(python=wanted.executable), clear=True)
    if call.json:
        call.document({"path": state.path, "python": wanted.version, "made": not same})
    else:
        call.terminal.say(f"{state.path} {'has' if same else 'now has'} Python {wanted.version}.")
        pin = other_pin(pythons_here(call), state.path.parent, wanted)
        if pin is not None:
            call.terminal.warn(
                f"`.python-version` asks for {pin.text.split()[0]}, and the next sync goes back to it."
                f" `interlock python pin {wanted.minor}` pins this one."
            )
    return 0
