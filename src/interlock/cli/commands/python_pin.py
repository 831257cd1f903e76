"""``interlock python pin``."""

from __future__ import annotations

from pathlib import Path

from interlock.cli.call import Call
from interlock.context import Context
from interlock.workspace.here import workspace_or_none
from interlock.workspace.python_pin import BadPin, NoPin, find_pin, remove_pin, write_pin

__all__ = ["run"]


def run(call: Call) -> int:
    context, request = call.context, call.text("request")
    if call.given("rm"):
        if request:
            raise BadPin("`--rm` takes no version.", hint="Leave out one of the two.")
        pin = remove_pin(context.place.start, _root(context))
        if pin is None:
            raise NoPin("Nothing is pinned here.")
        call.terminal.say(f"Removed {pin.path}.")
    elif request:
        pin = write_pin(context.place.start, request)
        call.terminal.say(f"Pinned {request} in {pin.path}.")
    else:
        pin = find_pin(context.place.start, _root(context))
        if pin is None:
            raise NoPin("Nothing is pinned here.", hint="Pin a version with `interlock python pin 3.12`.")
        if not call.json:
            call.terminal.data(pin.text.strip())
    if call.json:
        call.document({"path": pin.path, "request": pin.text.strip()})
    return 0


def _root(context: Context) -> Path | None:
    workspace = workspace_or_none(context.place.start, context.means.layout)
    return workspace.root if workspace is not None else None
