"""``interlock lock``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.loading import load
from interlock.cli.upgrading import lock_options
from interlock.cli.words import locked, plural
from interlock.core.lock.diff import to_data, to_markdown, to_text
from interlock.core.manifests.problems import suggest
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome

__all__ = ["run"]


_SHOWN = 10
"""Conflicts that are said; the rest is counted."""


async def run(call: Call) -> int:
    if call.text("script"):
        found = await load("interlock.ops.running.scripts").lock_script(
            call.context, call.context.place.directory / call.text("script")
        )
        call.terminal.say(f"Locked {plural(len(found.packages), 'package')} for {call.text('script')}.")
        return 0
    if call.text("diff"):
        return await _show_diff(call)
    if call.texts("merge"):
        await load("interlock.ops.locking.merge").merge_files(call.context, *call.texts("merge"))
        return 0
    return await (_install_merge_driver(call) if call.given("install_merge_driver") else _lock(call))


async def _install_merge_driver(call: Call) -> int:
    written = await load("interlock.ops.locking.merge").install_merge_driver(call.context)
    for path in written:
        call.terminal.say(f"Wrote {path}.")
    if not written:
        call.terminal.say("The merge driver is set up already.")
    return 0


async def _lock(call: Call) -> int:
    options = lock_options(call)
    sets: dict[str, object] = {}
    if call.given("declare_conflicts"):
        conflicts = load("interlock.ops.locking.conflicts")
        declared = await conflicts.declare_conflicts(call.context, options)
        found, together = (
            [[item.key for item in items] for items in sets] for sets in (declared.found, declared.together)
        )
        _say_sets(call, found, together)
        sets = {"conflicts": found, "together": together}
        outcome: LockOutcome = declared.outcome
    else:
        outcome = await lock(call.context, options)
    held = {package.name for package in outcome.lock.packages}
    for name in options.moves.packages:
        if name not in held:
            call.terminal.warn(f"`{name}` is not in the lock, so there was nothing to upgrade.{suggest(name, held)}")
    if call.json:
        call.document(
            {
                "path": outcome.path,
                "changed": outcome.changed,
                "written": outcome.changed and not (options.dry_run or options.check),
                "reasons": outcome.reasons,
                "created": outcome.created,
                "changes": to_data(outcome.diff),
                "members": len(outcome.lock.members),
                "packages": len(outcome.lock.packages),
                **sets,
            }
        )
        return 0
    _say(call, outcome, options)
    return 0


def _say_sets(call: Call, found: list[list[str]], together: list[list[str]]) -> None:
    for items in found[:_SHOWN]:
        call.terminal.say(f"Conflict: {' | '.join(items)}: locked, but not together.")
    if len(found) > _SHOWN:
        call.terminal.say(f"{len(found) - _SHOWN} more conflicts stand in the manifest of the root.")
    if found:
        call.terminal.say(f"Together, each with everything else: {'; '.join(' + '.join(items) for items in together)}.")


async def _show_diff(call: Call) -> int:
    changes = await load("interlock.ops.locking.lock_diff").diff_locks(call.context, call.text("diff"))
    chosen = "json" if call.json else call.text("format") or "text"
    if chosen == "json":
        call.document(to_data(changes))
    else:
        lines = to_markdown(changes) if chosen == "markdown" else to_text(changes)
        call.terminal.data("".join(f"{line}\n" for line in lines))
    return 0


def _say(call: Call, outcome: LockOutcome, options: LockOptions) -> None:
    if options.dry_run:
        call.terminal.data("".join(f"{line}\n" for line in to_text(outcome.diff)))
    elif not outcome.created:
        for line in to_text(outcome.diff):
            call.terminal.say(line)
    name = outcome.path.name
    count = plural(len(outcome.lock.packages), "package")
    if not outcome.changed:
        call.terminal.say(f"{name} is up to date ({count}).")
    elif options.dry_run:
        call.terminal.say(f"{name} would change ({count}).")
    else:
        call.terminal.say(locked(len(outcome.lock.packages), len(outcome.lock.members)))
