"""``interlock why``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call, checked_name
from interlock.cli.selecting import selection_flags
from interlock.core.lock.graph import Graph
from interlock.core.names import shown_member
from interlock.ops.showing.reading import environment_here, read_locked
from interlock.ops.showing.why import Step, find_paths

__all__ = ["run"]


async def run(call: Call) -> int:
    if not call.text("name"):
        raise BadValue("Why what?", hint="Name a package: `interlock why httpx`.")
    locked = await read_locked(
        call.context,
        selection_flags(call, everyone=True),
        frozen=call.flag("frozen"),
        locked=call.flag("locked"),
        strict=False,
    )
    environment = await environment_here(locked) if call.given("here") else None
    paths, more = find_paths(Graph(locked.lock), locked.selection, checked_name(call.text("name")), environment)
    if call.json:
        call.document({"paths": paths, "complete": not more})
        return 0
    member: str | None = None
    for path in paths:
        if path.member != member:
            member = path.member
            call.terminal.data(shown_member(member))
        call.terminal.data("  " + " -> ".join(_step(step) for step in path.steps[1:]))
    if more:
        call.terminal.say("There are more paths.")
    return 0


def _step(step: Step) -> str:
    extras = f"[{','.join(step.extras)}]" if step.extras else ""
    notes = [text for text in (step.via, step.marker) if text]
    return f"{step.name}{extras} {step.version}".rstrip() + (f" ({'; '.join(notes)})" if notes else "")
