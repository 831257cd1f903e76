"""``interlock lock``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call, checked_name
from interlock.cli.loading import load
from interlock.cli.words import plural
from interlock.core.lock.diff import to_data, to_markdown, to_text
from interlock.core.manifests.problems import suggest
from interlock.core.names import NormalizedName, normalize_group
from interlock.core.requirement import Requirement
from interlock.ops.lock import lock
from interlock.workspace.discovery import discover
from interlock.workspace.options import LockOptions, LockOutcome
from interlock.workspace.selection import NoSuchGroup

__all__ = ["run"]


async def run(call: Call) -> int:
    if call.text("script"):
        found = await load("interlock.ops.scripts").lock_script(call.context, call.context.cwd / call.text("script"))
        call.terminal.say(f"Locked {plural(len(found.packages), 'package')} for {call.text('script')}.")
        return 0
    if call.text("diff"):
        return await _show_diff(call)
    if call.texts("merge"):
        await load("interlock.ops.merge").merge_files(call.context, *call.texts("merge"))
        return 0
    if call.given("install_merge_driver"):
        written = await load("interlock.ops.merge").install_merge_driver(call.context)
        for path in written:
            call.terminal.say(f"Wrote {path}.")
        if not written:
            call.terminal.say("The merge driver is set up already.")
        return 0
    options = LockOptions(
        check=call.flag("check"),
        upgrade=call.given("upgrade"),
        upgrade_packages={**_of_groups(call), **_upgrades(call)},
        closure=call.given("closure"),
        dry_run=call.given("dry_run"),
    )
    sets: dict[str, object] = {}
    if call.given("declare_conflicts"):
        conflicts = load("interlock.ops.conflicts")
        declared = await conflicts.declare_conflicts(call.context, options)
        found, together = (
            [[conflicts.describe_item(item) for item in items] for items in sets]
            for sets in (declared.found, declared.together)
        )
        _say_sets(call, found, together)
        sets = {"conflicts": found, "together": together}
        outcome: LockOutcome = declared.outcome
    else:
        outcome = await lock(call.context, options)
    held = {package.name for package in outcome.lock.packages}
    for name in options.upgrade_packages:
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
    for items in found:
        call.terminal.say(f"Conflict: {' | '.join(items)}: locked, but not together.")
    if found:
        call.terminal.say(f"Together, each with everything else: {'; '.join(' + '.join(items) for items in together)}.")


async def _show_diff(call: Call) -> int:
    changes = await load("interlock.ops.lock_diff").diff_locks(call.context, call.text("diff"))
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
        call.terminal.say(f"Locked {count} for {plural(len(outcome.lock.members), 'member')}.")


def _upgrades(call: Call) -> dict[NormalizedName, str]:
    """Names with the versions wanted; ``name==version`` or a name."""
    found: dict[NormalizedName, str] = {}
    for text in call.texts("upgrade_package"):
        name, pinned, version = text.partition("==")
        if pinned and not version:
            raise BadValue(f"`{text}` names no version.", hint=f"Write --upgrade-package {name}==1.0, or {name} alone.")
        found[checked_name(name)] = version
    return found


def _of_groups(call: Call) -> dict[NormalizedName, str]:
    """What groups list, in any member. Raises :class:`NoSuchGroup`."""
    wanted = call.names("upgrade_group")
    if not wanted:
        return {}
    workspace = discover(call.context.start, layout=call.context.layout)
    found: dict[NormalizedName, str] = {}
    for group in wanted:
        items = [
            item
            for manifest in (workspace.manifest, *(member.manifest for member in workspace.members))
            for item in manifest.groups.get(normalize_group(group), ())
            if isinstance(item, Requirement)
        ]
        if not items:
            raise NoSuchGroup(f"No member has a dependency group `{group}` that lists a package.")
        found.update(dict.fromkeys((item.name for item in items), ""))
    return found
