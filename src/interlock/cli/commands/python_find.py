"""``interlock python find``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.pythons import pythons_here
from interlock.ops.envs.described import describe_python
from interlock.toolchain.python import find_python

__all__ = ["run"]


async def run(call: Call) -> int:
    found = await find_python(pythons_here(call), call.context.means.layout, call.text("request"))
    if call.json:
        call.document(describe_python(found))
    else:
        call.terminal.data(found.executable)
    return 0
