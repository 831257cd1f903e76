"""``interlock update``."""

from __future__ import annotations

import re

from interlock.cli.call import BadValue, Call
from interlock.cli.installing import lock_lines, show_outcome, sync_options
from interlock.cli.words import plural
from interlock.core.lock.diff import to_data
from interlock.ops.editing.editing import manifest_file
from interlock.ops.editing.update import UpdateOptions, update

__all__ = ["run"]

_MORE = re.compile(r"[@=<>~^!]")


async def run(call: Call) -> int:
    for text in call.values.packages:
        if _MORE.search(text):
            raise BadValue(
                f"`{text}` says more than which package.",
                hint=f"`interlock add '{text}'` changes what is asked for, `interlock lock -P NAME==VERSION` what is"
                " locked.",
            )
    options = UpdateOptions(
        names=call.names("packages"),
        packages=call.names("package"),
        bump=call.given("bump"),
        bounds=call.context.means.settings.add_bounds,
        dry_run=call.given("dry_run"),
        no_sync=call.flag("no_sync"),
        sync=sync_options(call, exact=call.given("exact")),
    )
    outcome = await update(call.context, options)
    lock = outcome.lock
    if call.json:
        changes = None if lock is None else {"changed": lock.changed, "changes": to_data(lock.diff)}
        call.document({"lock": changes, "written": lock is not None and lock.changed and not options.dry_run})
        return 0
    for path, where, name in outcome.bumped:
        call.terminal.say(f"Raised {name} in {where} of {manifest_file(path)}.")
    if lock is not None and lock.changed:
        for line in lock_lines(lock, outcome.sync):
            (call.terminal.data if options.dry_run else call.terminal.say)(line)
        verb = "Would lock" if options.dry_run else "Locked"
        call.terminal.say(f"{verb} {plural(len(lock.lock.packages), 'package')}.")
    else:
        call.terminal.say("Everything is as new as the manifests allow.")
    return show_outcome(call, outcome.sync, options.sync) if outcome.sync is not None else 0
