"""``interlock lock``: one lock for every member, made when the old one no longer answers what the manifests ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.context import Context
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.diff import LockDiff
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.errors import LockError
from interlock.events import Heard, Reporter, Warned
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.ops.stamps import stamps_of
from interlock.resolution.freshness import refuse_outdated, stale_reasons
from interlock.resolution.reading import read_workspace
from interlock.resolution.remarks import remarks
from interlock.store.locks import hold
from interlock.store.replace import read_regular, replace_file
from interlock.store.usage import using
from interlock.workspace.discovery import discover
from interlock.workspace.fresh.stamp import stamp_anew, stamp_fresh
from interlock.workspace.guards import workspace_guard
from interlock.workspace.lockfile import load_lock_if_any, no_lock, read_lockfile
from interlock.workspace.members import Workspace

__all__ = ["lock", "lock_held", "write_lock"]


class WouldMoveOthers(LockError):
    """An upgrade of some packages needs others to move that they do not need themselves."""

    code = "would-move-others"


async def lock(context: Context, options: LockOptions) -> LockOutcome:
    """Make the lock fresh, or with ``check`` say whether it is.

    Raises :class:`LockOutdated` with ``check`` and a lock that is not fresh, and what resolving raises.
    """
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    if options.check:
        return await anyio.to_thread.run_sync(lambda: _check(context, workspace))
    async with using(context.means.layout), hold(workspace_guard(workspace.root), passing=True):
        heard = Heard(context.means.reporter)
        outcome = await lock_held(context.reporting_to(heard), workspace, options)
        if not (outcome.changed and options.dry_run):
            as_always = outcome.created and options == LockOptions() and not heard.warned
            await anyio.to_thread.run_sync(lambda: _stamp(context, workspace, outcome, anew=as_always))
        return outcome


async def lock_held(context: Context, workspace: Workspace, options: LockOptions) -> LockOutcome:
    """The same for a caller that holds :func:`workspace_guard`; the workspace may be one that is not on disk yet."""
    pins = await anyio.to_thread.run_sync(_pins_of_conflicted, workspace.root)
    old = pins if pins is not None else await anyio.to_thread.run_sync(load_lock_if_any, workspace.root)
    here = context.within(workspace.settings)
    reading = await anyio.to_thread.run_sync(lambda: read_workspace(here.means, workspace, old, whole=True))
    said = await anyio.to_thread.run_sync(remarks, reading)
    _warn(here.means.reporter, said)
    reasons: tuple[object, ...] = stale_reasons(reading, old) if old is not None else ()
    if pins is not None:
        reasons = ("it had merge conflicts; what both sides share was kept",)
    keep = old is not None and not reasons and not options.moves.are_asked_for
    if keep and old is not None:
        return LockOutcome(path=reading.lockfile, changed=False, lock=old, aloud=bool(said))
    await anyio.to_thread.run_sync(context.means.layout.prepare)
    # A fresh lock needs nothing that makes one.
    from interlock.ops.locking.make_lock import make_lock  # noqa: PLC0415

    made, basis = await make_lock(here, reading, old, options.moves)
    _warn(here.means.reporter, _unknown(options, old, made))
    data = encode_lock(made)
    there = await anyio.to_thread.run_sync(lambda: _read(reading.lockfile))
    outcome = LockOutcome(
        path=reading.lockfile,
        changed=data != there,
        lock=made,
        created=old is None,
        old=old,
        pins=pins is not None,
        reasons=tuple(str(reason) for reason in reasons),
        aloud=bool(said),
        basis=basis,
    )
    if options.moves.packages and not options.closure:
        _refuse_others(outcome.diff, options.moves.packages)
    if outcome.changed and not options.dry_run:
        await anyio.to_thread.run_sync(lambda: write_lock(reading.lockfile, data))
    return outcome


def _refuse_others(changes: LockDiff, asked: dict[NormalizedName, str]) -> None:
    """Stop when an upgrade of some packages would move others that it does not force.

    Forced is what one that was asked for needs in its new version, and what that needs in turn.
    """
    forced: set[NormalizedName] = set(asked)
    while more := {change.name for change in changes.packages if not forced.isdisjoint(change.moved_with)} - forced:
        forced |= more
    moved = [
        change
        for change in changes.packages
        if change.old and change.new and change.old != change.new and change.name not in forced
    ]
    if moved:
        lines = [f"  {change.name} {', '.join(change.old)} -> {', '.join(change.new)}" for change in moved]
        names = " ".join(f"-P {change.name}" for change in moved)
        raise WouldMoveOthers(
            f"Upgrading {', '.join(sorted(asked))} would also move what it does not need itself:\n" + "\n".join(lines),
            hint=f"Ask for these too ({names}), or allow all that has to move with --closure.",
            facts={"moved": [{"name": change.name, "old": change.old, "new": change.new} for change in moved]},
        )


def _unknown(options: LockOptions, old: Lock | None, made: Lock) -> Iterator[Warned]:
    known = {package.name for lock in (old, made) if lock is not None for package in lock.packages}
    for name in sorted(options.moves.packages.keys() - known):
        yield Warned("not-in-lock", f"No member needs `{name}`: there is nothing to upgrade.")


def _warn(reporter: Reporter, found: Iterable[Warned]) -> None:
    for remark in found:
        reporter.report(remark)


def _check(context: Context, workspace: Workspace) -> LockOutcome:
    old = load_lock_if_any(workspace.root)
    if old is None:
        raise no_lock(workspace.root)
    reading = read_workspace(context.within(workspace.settings).means, workspace, old)
    refuse_outdated(reading, old)
    outcome = LockOutcome(path=reading.lockfile, changed=False, lock=old, aloud=bool(remarks(reading)))
    if not reading.absent and not stale_reasons(reading, old):
        _stamp(context, workspace, outcome)
    return outcome


def _stamp(context: Context, workspace: Workspace, outcome: LockOutcome, *, anew: bool = False) -> None:
    """Remember that a lock is fresh, and with ``anew`` what whoever has none would get without a word."""
    stamps = stamps_of(context.within(workspace.settings))
    if anew and outcome.basis is not None:
        stamp_anew(stamps, workspace, outcome.lock, outcome.basis)
    stamp_fresh(stamps, workspace, outcome.lock, written=outcome.changed, aloud=outcome.aloud)


def _pins_of_conflicted(root: Path) -> Lock | None:
    if b"<<<<<<<" not in (read_lockfile(root) or b""):
        return None
    from interlock.ops.locking.merge import pins_of_conflicted  # noqa: PLC0415 - merges are rare

    return pins_of_conflicted(root)


def _read(path: Path) -> bytes | None:
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None


def write_lock(path: Path, data: bytes) -> None:
    replace_file(path, data)
