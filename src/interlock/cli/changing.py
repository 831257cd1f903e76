"""What the commands that change manifests share: where, what then, and how they tell of it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path

from interlock.cli.call import BadValue, Call, checked_name
from interlock.cli.installing import lock_lines, show_outcome
from interlock.cli.words import plural
from interlock.core.editing.manifest_editor import Target
from interlock.core.lock.diff import to_data
from interlock.ops.editing.changes import ChangeOptions, ChangeOutcome
from interlock.ops.editing.editing import manifest_file
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.workspace.selection import SelectionFlags

__all__ = ["change_options", "say_change", "target_of"]


def target_of(call: Call) -> Target:
    """Where requirements are to be listed. Raises :class:`BadValue` for two places at once."""
    group, dev, extra = call.text("to_group"), call.given("to_dev"), call.text("to_extra")
    if sum(map(bool, (group, dev, extra))) > 1:
        raise BadValue("`--group`, `--dev` and `--optional` exclude each other.", hint="Leave out all but one.")
    if group == "main":
        return Target()
    if group or dev:
        return Target("group", str(checked_name(group)) and group if group else "dev")
    return Target("extra", extra) if extra else Target()


def change_options(call: Call, *, uninstall: bool = False) -> ChangeOptions:
    if call.given("frozen") and call.given("locked"):
        raise BadValue("`--frozen` and `--locked` exclude each other.", hint="Leave out one of the two.")
    target = target_of(call)
    packages = call.texts("package")
    selection = SelectionFlags(
        packages=packages,
        all_packages=call.given("all_packages"),
        groups=(target.name,) if target.kind == "group" and not uninstall else (),
        extras=(target.name,) if target.kind == "extra" and not uninstall else (),
    )
    return ChangeOptions(
        frozen=call.flag("frozen"),
        locked=call.flag("locked"),
        no_sync=call.flag("no_sync"),
        dry_run=call.given("dry_run"),
        uninstall=uninstall,
        sync=SyncOptions(exact=False, selection=selection),
    )


def _difference(path: Path, data: bytes, shown: str) -> str:
    """What would be different in a manifest, as ``diff -u`` has it."""
    before = path.read_bytes().decode() if path.exists() else ""
    lines = unified_diff(before.splitlines(keepends=True), data.decode().splitlines(keepends=True), shown, shown)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def say_change(call: Call, outcome: ChangeOutcome, lines: Iterable[str], options: ChangeOptions) -> int:
    """Tell what was changed, resolved and installed."""
    lock = outcome.lock
    if call.json:
        call.document(
            {
                "written": outcome.written,
                "manifests": sorted(manifest_file(path) for path in outcome.files),
                "lock": None if lock is None else {"changed": lock.changed, "changes": to_data(lock.diff)},
            }
        )
        return 0
    if options.dry_run:
        for path, data in sorted(outcome.files.items()):
            call.terminal.data(_difference(outcome.workspace.root / path / "pyproject.toml", data, manifest_file(path)))
    for line in lines:
        call.terminal.say(
            line.replace("Added", "Would add").replace("Removed", "Would remove") if options.dry_run else line
        )
    if lock is not None and lock.changed:
        for line in lock_lines(lock, outcome.sync):
            (call.terminal.data if options.dry_run else call.terminal.say)(line)
        call.terminal.say(
            f"{'Would lock' if options.dry_run else 'Locked'} {plural(len(lock.lock.packages), 'package')}."
        )
    return show_outcome(call, outcome.sync, options.sync) if outcome.sync is not None else 0
