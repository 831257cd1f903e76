"""``interlock python list``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.pythons import pythons_here
from interlock.ops.envs.described import describe_python
from interlock.toolchain.python import list_pythons

__all__ = ["run"]


async def run(call: Call) -> int:
    found = await list_pythons(pythons_here(call), call.text("request"))
    if call.json:
        call.document({"pythons": [describe_python(interpreter) for interpreter in found]})
    elif call.given("paths"):
        call.terminal.data("".join(f"{interpreter.executable}\n" for interpreter in found))
    else:
        for interpreter in found:
            free = "+freethreaded" if interpreter.free_threaded else ""
            name = f"{interpreter.implementation}-{interpreter.version}{free}"
            call.terminal.data(f"{name:<24} {interpreter.executable}")
    return 0
