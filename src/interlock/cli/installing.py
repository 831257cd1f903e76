"""What sync, install and run share: their options from the command line, and their plans for people and scripts."""

from __future__ import annotations

import msgspec

from interlock.cli.call import BadValue, Call
from interlock.cli.loading import load
from interlock.cli.selecting import selection_flags
from interlock.cli.words import plural
from interlock.core.lock.diff import to_data, to_text
from interlock.core.plan.plan import Plan, Step
from interlock.core.sources.source import Registry
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.ops.syncing.sync_options import EnvironmentOutcome, SyncOptions, SyncOutcome

__all__ = ["lock_lines", "show_outcome", "sync_options", "upgrade_first"]


def sync_options(call: Call, *, exact: bool, everyone: bool = False) -> SyncOptions:
    """Raises :class:`BadValue` for flags that exclude each other."""
    frozen, locked = call.flag("frozen"), call.flag("locked")
    if call.given("frozen") and call.given("locked"):
        raise BadValue("`--frozen` and `--locked` exclude each other.", hint="Leave out one of the two.")
    relock = upgrade_first(call)
    return SyncOptions(
        selection=selection_flags(call, everyone=everyone),
        exact=exact,
        # A flag beats another one's variable.
        frozen=frozen and not call.given("locked") and relock is None,
        locked=locked and not call.given("frozen") and relock is None,
        dry_run=call.given("dry_run"),
        check=call.given("check"),
        no_editable=call.flag("no_editable"),
        no_editable_packages=call.names("no_editable_package"),
        compile_bytecode=call.flag("compile_bytecode"),
        reinstall=call.given("reinstall"),
        reinstall_packages=call.names("reinstall_package"),
        relock=relock,
    )


def upgrade_first(call: Call) -> LockOptions | None:
    """What ``-U`` and ``-P`` ask of a command that only installs or writes what is locked; None without them."""
    if not (call.given("upgrade") or call.texts("upgrade_package") or call.texts("upgrade_group")):
        return None
    asked: LockOptions = load("interlock.cli.upgrading").upgrade_on_the_way(call)
    return asked


def show_outcome(call: Call, outcome: SyncOutcome, options: SyncOptions) -> int:
    """Say what was done; with ``--check``, 1 when something would have to be."""
    code = 1 if options.check and not outcome.in_sync else 0
    if call.json:
        call.document(_document(outcome))
        return code
    if outcome.lock is not None and outcome.lock.changed:
        for line in lock_lines(outcome.lock, outcome):
            call.terminal.say(line)
        call.terminal.say(f"Locked {plural(len(outcome.lock.lock.packages), 'package')}.")
    planned = options.dry_run or options.check
    for environment in outcome.environments:
        _say(call, environment, planned=planned)
    if code:
        call.terminal.say("The environment is not in sync with the lock; run `interlock sync`.")
    return code


def lock_lines(lock: LockOutcome, outcome: SyncOutcome | None) -> list[str]:
    """What changed in the lock and will not be seen from what is installed; nothing of a lock that is new."""
    if lock.created:
        return []
    if outcome is None:
        return to_text(lock.diff)
    plans = [environment.plan for environment in outcome.environments]
    seen = {step.wanted.name for plan in plans for step in plan.install} | {
        gone.name for plan in plans for gone in plan.remove
    }
    packages = tuple(package for package in lock.diff.packages if package.name not in seen)
    return to_text(msgspec.structs.replace(lock.diff, members=(), packages=packages))


def _say(call: Call, outcome: EnvironmentOutcome, *, planned: bool) -> None:
    plan, terminal = outcome.plan, call.terminal
    if outcome.created:
        terminal.say(f"{'Would make' if planned else 'Made'} {outcome.path} with Python {outcome.python}.")
    for line in plan_lines(plan):
        if planned:
            terminal.data(line)
        else:
            terminal.say(line)
    if plan.is_empty:
        terminal.say(f"{outcome.path.name} is in sync ({plural(len(plan.keep), 'package')}).")
        return
    words = []
    if plan.install:
        words.append(f"{'would install' if planned else 'installed'} {plural(len(plan.install), 'package')}")
    if plan.remove:
        count = str(len(plan.remove)) if plan.install else plural(len(plan.remove), "package")
        words.append(f"{'would remove' if planned else 'removed'} {count}")
    said = ", ".join(words)
    terminal.say(f"{said[0].upper()}{said[1:]} in {outcome.path}.")


def plan_lines(plan: Plan) -> list[str]:
    """One line per change, by name."""
    lines = [(step.wanted.name, _step_line(step)) for step in plan.install]
    lines += [(gone.name, f" - {gone.name} {gone.version}".rstrip()) for gone in plan.remove]
    return [line for _, line in sorted(lines)]


def _step_line(step: Step) -> str:
    wanted, before = step.wanted, step.replaces
    version = wanted.version or "(dynamic)"
    place = "" if isinstance(wanted.source, Registry) else " (editable)" if wanted.editable else " (from source)"
    if before is None:
        return f" + {wanted.name} {version}{place}"
    if before.version == wanted.version:
        return f" ~ {wanted.name} {version}{place} [{step.reason}]"
    return f" ~ {wanted.name} {before.version} -> {version}{place}"


def _document(outcome: SyncOutcome) -> dict[str, object]:
    return {
        "in_sync": outcome.in_sync,
        "applied": outcome.applied,
        "lock": None
        if outcome.lock is None
        else {"path": outcome.lock.path, "changed": outcome.lock.changed, "changes": to_data(outcome.lock.diff)},
        "environments": [_environment(environment) for environment in outcome.environments],
    }


def _environment(outcome: EnvironmentOutcome) -> dict[str, object]:
    plan = outcome.plan
    return {
        "path": outcome.path,
        "python": outcome.python,
        "member": outcome.member,
        "created": outcome.created,
        "install": [
            {
                "name": step.wanted.name,
                "version": step.wanted.version or None,
                "source": step.wanted.source,
                "editable": step.wanted.editable,
                "file": step.wanted.artifact.filename if step.wanted.artifact is not None else None,
                "replaces": step.replaces.version if step.replaces is not None else None,
                "reason": step.reason,
            }
            for step in plan.install
        ],
        "remove": [{"name": gone.name, "version": gone.version} for gone in plan.remove],
        "keep": [{"name": kept.name, "version": kept.version} for kept in plan.keep],
    }
