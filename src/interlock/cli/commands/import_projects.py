"""``interlock import``."""

from __future__ import annotations

import sys

from interlock.cli.call import Call
from interlock.cli.words import plural
from interlock.ops.editing import manifest_file
from interlock.ops.importing import Difference, import_projects

__all__ = ["run"]


async def run(call: Call) -> int:
    dry_run = call.given("dry_run")
    outcome = await import_projects(
        call.context, tuple(call.values.files), dry_run=dry_run, keep=call.given("keep_manifests"), python=_python(call)
    )
    lock = outcome.change.lock
    assert lock is not None
    if call.json:
        call.document(
            {
                "converted": outcome.converted,
                "locks": outcome.locks,
                "pins": outcome.pins,
                "packages": len(lock.lock.packages),
                "differences": outcome.differences,
                "written": outcome.change.written,
            }
        )
        return 0
    for path in outcome.converted:
        verb = "Would rewrite" if dry_run else "Rewrote"
        call.terminal.say(f"{verb} {manifest_file(path)} in the standard form.")
        if dry_run:
            call.terminal.data(outcome.change.files[path].decode())
    for difference in outcome.differences:
        call.terminal.data(_line(difference))
    count = plural(len(lock.lock.packages), "package")
    verb = "Would lock" if dry_run else "Locked"
    if not outcome.locks:
        call.terminal.say(f"{verb} {count}; there was no lock to take versions from.")
    elif outcome.differences:
        call.terminal.say(f"{verb} {count}; {len(outcome.differences)} differ from {', '.join(outcome.locks)}.")
    else:
        call.terminal.say(f"{verb} {count}, the same versions as in {', '.join(outcome.locks)}.")
    return 0


def _python(call: Call) -> str:
    """The range for a project that says none: from the Python asked for, else from the one that runs this."""
    asked = call.context.flags.python or ""
    if asked[:1].isdigit():
        return f">={asked}"
    return asked if asked[:1] in {">", "<", "=", "~", "!"} else f">={sys.version_info[0]}.{sys.version_info[1]}"


def _line(difference: Difference) -> str:
    before, after = ", ".join(difference.before), ", ".join(difference.after)
    if not after:
        return f"- {difference.name} {before}"
    return f"~ {difference.name} {before} -> {after}" if before else f"+ {difference.name} {after}"
