"""``interlock prune``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.selecting import selection_flags
from interlock.cli.words import plural
from interlock.ops.caching.prune import PruneOptions, prune

__all__ = ["run"]


async def run(call: Call) -> int:
    output = call.text("output")
    if not output:
        raise BadValue("There is no directory to write to.", hint="Name one with --output.")
    options = PruneOptions(selection=selection_flags(call), output=output, frozen=call.flag("frozen"))
    outcome = await prune(call.context, options)
    if call.json:
        call.document(outcome)
        return 0
    call.terminal.say(
        f"Wrote {plural(outcome.files, 'file')} of {', '.join(outcome.members)} to {output}, with a lock of"
        f" {plural(outcome.packages, 'package')}."
    )
    return 0
