"""``interlock import``."""

from __future__ import annotations

import sys

from interlock.cli.call import BadValue, Call
from interlock.cli.words import plural
from interlock.ops.editing.editing import manifest_file
from interlock.ops.importing.import_differences import Difference
from interlock.ops.importing.importing import import_projects
from interlock.ops.importing.importing_workspace import import_workspace

__all__ = ["run"]

_LISTED = 3


async def run(call: Call) -> int:
    dry_run = call.given("dry_run")
    if call.given("workspace"):
        return await _workspace(call, dry_run=dry_run)
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
    _summary(call, len(lock.lock.packages), outcome.locks, outcome.differences)
    return 0


async def _workspace(call: Call, *, dry_run: bool) -> int:
    if call.values.files or call.given("keep_manifests"):
        raise BadValue("--workspace reads the projects and locks that are there, and rewrites the manifests.")
    outcome = await import_workspace(call.context, dry_run=dry_run)
    if call.json:
        call.document(
            {
                "members": outcome.members,
                "converted": sorted(outcome.files),
                "locks": outcome.locks,
                "pins": outcome.pins,
                "packages": len(outcome.lock.lock.packages),
                "differences": outcome.differences,
                "notes": outcome.notes,
                "conflicts": [[item.key for item in items] for items in outcome.conflicts],
                "written": not dry_run,
            }
        )
        return 0
    for path in sorted(outcome.files):
        call.terminal.say(f"{'Would rewrite' if dry_run else 'Rewrote'} {manifest_file(path)}.")
        if dry_run:
            call.terminal.data(outcome.files[path].decode())
    for note in outcome.notes:
        call.terminal.warn(note, "not-kept")
    for items in outcome.conflicts:
        words = " and ".join(item.key for item in items)
        call.terminal.warn(f"{words} cannot be in one environment; the root declares that.", "declared-conflict")
    _summary(call, len(outcome.lock.lock.packages), outcome.locks, outcome.differences)
    return 0


def _summary(call: Call, packages: int, locks: tuple[str, ...], differences: tuple[Difference, ...]) -> None:
    for difference in differences:
        call.terminal.data(_line(difference))
    count = plural(packages, "package")
    verb = "Would lock" if call.given("dry_run") else "Locked"
    named = ", ".join(locks) if len(locks) <= _LISTED else f"{len(locks)} locks"
    if not locks:
        call.terminal.say(f"{verb} {count}; there was no lock to take versions from.")
    elif differences:
        call.terminal.say(f"{verb} {count}; {len(differences)} differ from {named}.")
    else:
        call.terminal.say(f"{verb} {count}, the same versions as in {named}.")


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
    why = f"  # {difference.reason}" if difference.reason else ""
    return f"~ {difference.name} {before} -> {after}{why}" if before else f"+ {difference.name} {after}"
