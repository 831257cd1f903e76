"""``interlock debug tags``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.pythons import pythons_here
from interlock.toolchain.python import find_python

__all__ = ["run"]


async def run(call: Call) -> int:
    """The wheel tags of the interpreter, the best first."""
    interpreter = await find_python(pythons_here(call), call.context.means.layout, call.text("request"))
    if call.json:
        call.document({"python": interpreter.executable, "tags": interpreter.tags})
    else:
        call.terminal.data("".join(f"{tag}\n" for tag in interpreter.tags))
    return 0
