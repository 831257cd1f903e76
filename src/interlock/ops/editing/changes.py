"""Changing manifests together with the lock and the environment: all of it happens, or nothing does.

The change is made in memory first and resolved there. Files are written when there is a lock for them, manifests first:
whoever is killed in between leaves a lock that says it is stale. Other processes of ours wait; what somebody else saved
meanwhile is seen before anything is written, and the change is made anew on top of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.inputs import own_inputs
from interlock.core.lock.model import Lock
from interlock.core.lock.moves import Moves
from interlock.core.lock.pins import Pin
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import NormalizedName
from interlock.ops.editing.rewrite import ATTEMPTS, FileChanged, Files, read_file
from interlock.ops.locking.lock import lock_held
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.ops.syncing.sync import sync
from interlock.ops.syncing.sync_options import SyncOptions, SyncOutcome
from interlock.resolution.freshness import refuse_outdated
from interlock.resolution.reading import Reading, read_workspace
from interlock.store.locks import hold
from interlock.store.replace import replace_file
from interlock.store.usage import using
from interlock.workspace.catalog import with_catalog
from interlock.workspace.discovery import discover
from interlock.workspace.globs import is_excluded, is_included
from interlock.workspace.guards import workspace_guard
from interlock.workspace.lockfile import load_lock_if_any, lockfile_path, no_lock
from interlock.workspace.members import Member, Workspace

__all__ = ["ChangeOptions", "ChangeOutcome", "Draft", "change", "overlay"]


class ChangeOptions(msgspec.Struct, frozen=True, kw_only=True):
    frozen: bool = False
    """Write the manifests only, without resolving."""
    locked: bool = False
    """The lock has to be fresh before."""
    no_sync: bool = False
    dry_run: bool = False
    sync: SyncOptions = SyncOptions(exact=False)
    pins: tuple[Pin, ...] = ()
    """Versions to keep that another tool had locked."""
    uninstall: bool = False
    """Uninstall what is no longer locked."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A change before it is resolved."""

    files: Files
    finish: Callable[[Lock], Files] | None = None
    """The final contents, when these depend on what was resolved."""
    upgrade: dict[NormalizedName, str] = {}
    """Names whose locked versions are forgotten."""


class ChangeOutcome(msgspec.Struct, frozen=True, kw_only=True):
    workspace: Workspace
    """After the change."""
    files: Files = {}
    """Manifests that were changed, by the path of the member."""
    lock: LockOutcome | None = None
    sync: SyncOutcome | None = None
    written: bool = True


async def change(
    context: Context, make: Callable[[Workspace], Awaitable[Draft]], options: ChangeOptions
) -> ChangeOutcome:
    """Make a change, resolve it, write it, sync. Nothing is left half done when something fails."""
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    async with using(context.means.layout), hold(workspace_guard(workspace.root), passing=True):
        for _ in range(ATTEMPTS):
            outcome = await _attempt(context, make, options)
            if outcome is not None:
                return outcome
    raise FileChanged("The manifests are being changed by another program again and again.", hint="Try again.")


async def _attempt(
    context: Context, make: Callable[[Workspace], Awaitable[Draft]], options: ChangeOptions
) -> ChangeOutcome | None:
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    lockfile = lockfile_path(workspace.root)
    locked_before = read_file(lockfile)
    if options.locked:
        _require_fresh(context, workspace)
    draft = await make(workspace)
    before = {path: read_file(workspace.root / path / "pyproject.toml") for path in draft.files}
    is_made = all(before[path] == data for path, data in draft.files.items()) and not (draft.upgrade or options.pins)
    if is_made and (options.frozen or options.dry_run):
        return ChangeOutcome(workspace=workspace, written=False)
    # Made already, perhaps by one that was killed before it came to the lock or the environment.
    files, outcome, data = draft.files, None, locked_before
    changed = overlay(workspace, files)
    if not options.frozen:
        wanted = LockOptions(moves=Moves(packages=draft.upgrade, pins=options.pins), closure=True, dry_run=True)
        outcome = await lock_held(context, changed, wanted)
        lock = outcome.lock
        if draft.finish is not None and (final := draft.finish(lock)) != files:
            files, changed = final, overlay(workspace, final)
            lock = _with_inputs(context, changed, lock)
        data = encode_lock(lock)
        old = load_lock_if_any(workspace.root)
        outcome = msgspec.structs.replace(outcome, lock=lock, changed=data != locked_before, old=old)
    if options.dry_run:
        return ChangeOutcome(workspace=changed, files=files, lock=outcome, written=False)
    if locked_before != read_file(lockfile) or any(
        read_file(workspace.root / path / "pyproject.toml") != was for path, was in before.items()
    ):
        return None
    files = {path: content for path, content in files.items() if content != before.get(path)}
    targets = {workspace.root / path / "pyproject.toml": content for path, content in files.items()}
    if data is not None and data != locked_before:
        targets[lockfile] = data
    undo = {path: read_file(path) for path in targets}
    synced: SyncOutcome | None = None
    try:
        for path, content in targets.items():
            replace_file(path, content)
        if not (options.no_sync or options.frozen):
            synced = await sync(context, _sync_options(options, outcome))
    except BaseException:
        for path, was in undo.items():
            _restore(path, was)
        raise
    return ChangeOutcome(workspace=changed, files=files, lock=outcome, sync=synced, written=bool(targets))


def overlay(workspace: Workspace, files: Mapping[str, bytes]) -> Workspace:
    """The workspace as it would be read with other contents of some manifests; a new path is a new member, and one
    that the root no longer lists is none."""
    members = {member.path: member for member in workspace.members}
    root, root_inputs = workspace.written or workspace.manifest, workspace.root_inputs
    for path, data in files.items():
        file = "pyproject.toml" if path == "." else f"{path}/pyproject.toml"
        manifest = parse_manifest(data, path=path, file=file)
        inputs = own_inputs(manifest)
        if path == ".":
            root, root_inputs = manifest, inputs
        if manifest.name is not None:
            members[path] = Member(
                name=manifest.name, path=path, manifest=manifest, root=workspace.root, own_inputs=inputs
            )
    table = root.workspace
    if "." in files and table is not None:
        members = {
            path: member
            for path, member in members.items()
            if path == "." or (is_included(path, table.members) and not is_excluded(path, table.exclude))
        }
    return with_catalog(
        Workspace(
            root=workspace.root,
            manifest=root,
            members=tuple(sorted(members.values(), key=lambda member: member.name)),
            current=workspace.current,
            root_inputs=root_inputs,
            written=root if workspace.written is not None else None,
        )
    )


def _require_fresh(context: Context, workspace: Workspace) -> None:
    old = load_lock_if_any(workspace.root)
    if old is None:
        raise no_lock(workspace.root)
    refuse_outdated(_reading(context, workspace, old), old)


def _reading(context: Context, workspace: Workspace, lock: Lock) -> Reading:
    return read_workspace(context.within(workspace.settings).means, workspace, lock)


def _with_inputs(context: Context, workspace: Workspace, lock: Lock) -> Lock:
    """The lock as an answer to manifests that ask for the same in narrower words."""
    current = {member.name: member.inputs for member in _reading(context, workspace, lock).current}
    members = tuple(
        msgspec.structs.replace(member, inputs=dict(current.get(member.name, member.inputs))) for member in lock.members
    )
    return msgspec.structs.replace(lock, members=members)


def _sync_options(options: ChangeOptions, outcome: LockOutcome | None) -> SyncOptions:
    gone: tuple[NormalizedName, ...] = ()
    if options.uninstall and outcome is not None:
        held = {package.name for package in outcome.lock.packages}
        gone = tuple(change.name for change in outcome.diff.packages if change.name not in held)
    return msgspec.structs.replace(options.sync, frozen=True, locked=False, uninstall=gone)


def _restore(path: Path, was: bytes | None) -> None:
    if was is None:
        path.unlink(missing_ok=True)
    elif read_file(path) != was:
        replace_file(path, was)
