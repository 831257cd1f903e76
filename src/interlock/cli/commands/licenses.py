"""``interlock licenses``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.columns import columns
from interlock.cli.selecting import selection_flags
from interlock.ops.showing.licenses import find_licenses
from interlock.ops.showing.reading import environment_here, read_locked

__all__ = ["run"]


async def run(call: Call) -> int:
    """1 when a package is under a license that ``--deny`` names."""
    locked = await read_locked(
        call.context, selection_flags(call, everyone=True), frozen=call.flag("frozen"), locked=False, strict=False
    )
    found = await find_licenses(locked, await environment_here(locked))
    denied = [word.lower() for word in call.texts("deny")]
    bad = [line for line in found if any(word in line.license.lower() for word in denied)]
    if call.json:
        call.document({"packages": found, "denied": [line.name for line in bad]})
    else:
        rows = [
            (line.name, line.version, line.license or ("unknown" if line.installed else "not installed"))
            for line in found
        ]
        call.terminal.data(columns(rows) if rows else "")
        for line in bad:
            call.terminal.say(f"{line.name} is under {line.license}, which is not allowed ({', '.join(line.members)}).")
    return 1 if bad else 0
