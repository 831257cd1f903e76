"""``interlock cache pack``."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from interlock.cli.call import BadValue, Call
from interlock.cli.selecting import selection_flags
from interlock.cli.words import format_bytes, plural
from interlock.ops.caching.pack import PackOutcome, pack
from interlock.ops.caching.packed import PackSelection
from interlock.workspace.home import expanded

__all__ = ["run"]


async def run(call: Call) -> int:
    output = call.text("output")
    if not output:
        raise BadValue("Where to write the pack is not said.", hint="Add `-o FILE`.")
    asked = PackSelection(flags=selection_flags(call, everyone=True), frozen=call.flag("frozen"))
    asked = replace(asked, builds=not call.given("no_builds"))
    outcome = await pack(call.context, asked, Path(call.context.place.directory) / expanded(output))
    if call.json:
        call.document(outcome)
        return 0
    for line in _lines(outcome, output):
        call.terminal.say(line)
    return 0


def _lines(outcome: PackOutcome, output: str) -> list[str]:
    lines = []
    if outcome.unpacked:
        names = ", ".join(outcome.unpacked)
        lines.append(f"Not in it, for they are built from git repositories: {names}.")
    size = f"{plural(outcome.files, 'file')}, {format_bytes(outcome.size)}"
    if outcome.changed:
        return [*lines, f"Wrote {output}: {size}, {outcome.fetched} fetched."]
    return [*lines, f"{output} has what is needed: {size}."]
