"""``interlock outdated``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.columns import columns
from interlock.cli.selecting import selection_flags
from interlock.core.names import NormalizedName, shown_member
from interlock.ops.showing.outdated import find_outdated
from interlock.ops.showing.reading import environment_here, read_locked
from interlock.ops.showing.show import package_details

__all__ = ["run", "show_outdated"]


async def run(call: Call) -> int:
    return await show_outdated(call, everything=call.given("all"))


async def show_outdated(call: Call, *, everything: bool, name: NormalizedName | None = None) -> int:
    """Locked, compatible and latest versions; of everything, or only of what is old, or of one package."""
    locked = await read_locked(
        call.context, selection_flags(call, everyone=True), frozen=call.flag("frozen"), locked=False, strict=False
    )
    if name is not None:
        package_details(locked, name)  # or it is not in the lock
    environment = await environment_here(locked) if name is None else None
    found = await find_outdated(locked, environment, top_level=call.given("top_level"))
    shown = [line for line in found if (everything or line.is_outdated) and name in (None, line.name)]
    if call.json:
        call.document({"packages": shown})
    elif shown:
        rows = [
            (line.name, line.locked, line.compatible, line.latest, ", ".join(map(shown_member, line.members)))
            for line in shown
        ]
        call.terminal.data(columns([("package", "locked", "compatible", "latest", "members"), *rows]))
    else:
        call.terminal.say("Everything is up to date.")
    return 1 if call.given("exit_code") and any(line.is_outdated for line in found) else 0
