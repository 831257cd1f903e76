"""``interlock update``: newer versions within the bounds, or with ``bump`` beyond them, all or named."""

from __future__ import annotations

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.editing.manifest_editor import ManifestEditor, Target
from interlock.core.editing.requirement_wishes import bounded
from interlock.core.lock.model import Lock
from interlock.core.lock.moves import Moves
from interlock.core.manifests.problems import suggest
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.settings.choices import Bounds
from interlock.core.sources.source import Registry
from interlock.errors import UsageError
from interlock.ops.editing.changes import ChangeOptions, ChangeOutcome, Draft, change
from interlock.ops.editing.editing import open_editor
from interlock.ops.editing.rewrite import Files, read_manifest
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.ops.syncing.sync import sync
from interlock.ops.syncing.sync_options import SyncOptions, SyncOutcome
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import load_lock_if_any
from interlock.workspace.members import Workspace

__all__ = ["NotLocked", "UpdateOptions", "UpdateOutcome", "update"]


class NotLocked(UsageError):
    """A package is to be updated that is not in the lock."""

    code = "not-locked"
    exit_code = 1


class UpdateOptions(msgspec.Struct, frozen=True, kw_only=True):
    names: tuple[NormalizedName, ...] = ()
    """Empty: everything."""
    packages: tuple[NormalizedName, ...] = ()
    """Members whose manifests ``bump`` changes; empty: all."""
    bump: bool = False
    bounds: Bounds = "lower"
    dry_run: bool = False
    no_sync: bool = False
    sync: SyncOptions = SyncOptions(exact=False)


class UpdateOutcome(msgspec.Struct, frozen=True, kw_only=True):
    lock: LockOutcome | None
    sync: SyncOutcome | None = None
    bumped: tuple[tuple[str, str, str], ...] = ()
    """Path of the member, where in it, the new requirement."""


async def update(context: Context, options: UpdateOptions) -> UpdateOutcome:
    """Raises :class:`NotLocked` for a name that the lock does not hold."""
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    old = load_lock_if_any(workspace.root)
    if options.names and old is not None:
        known = {package.name for package in old.packages}
        for name in options.names:
            if name not in known:
                near = suggest(name, known)
                raise NotLocked(
                    f"`{name}` is not in the lock, so it cannot be updated.{near}",
                    hint=None if near else f"Add it with `interlock add {name}`.",
                    facts={"package": name},
                )
    if options.bump:
        return await _bump(context, options)
    wanted = LockOptions(
        moves=Moves(everything=not options.names, packages=dict.fromkeys(options.names, "")),
        closure=True,
        dry_run=options.dry_run,
    )
    outcome = await lock(context, wanted)
    if options.dry_run or options.no_sync:
        return UpdateOutcome(lock=outcome)
    return UpdateOutcome(lock=outcome, sync=await sync(context, msgspec.structs.replace(options.sync, frozen=True)))


async def _bump(context: Context, options: UpdateOptions) -> UpdateOutcome:
    bumped: list[tuple[str, str, str]] = []

    async def make(workspace: Workspace) -> Draft:
        paths = [member.path for member in workspace.members if not options.packages or member.name in options.packages]
        editors = {path: open_editor(workspace, path, read_manifest(workspace, path)) for path in paths}
        found = {
            path: [(target, item) for target in editor.targets() for item in editor.requirements(target)]
            for path, editor in editors.items()
        }
        taken = {
            path: [(target, item) for target, item in listed if _may_bump(workspace, path, item, options.names)]
            for path, listed in found.items()
        }

        def write(lock_: Lock | None) -> Files:
            bumped.clear()
            files: Files = {}
            for path in paths:
                editor = open_editor(workspace, path, read_manifest(workspace, path))
                for target, item in taken[path]:
                    _raise(editor, target, item, lock_, options.bounds)
                    if lock_ is not None:
                        bumped.append((path, str(target), item.name))
                files[path] = editor.data
            return files

        names = dict.fromkeys((item.name for listed in taken.values() for _, item in listed), "")
        return Draft(files=write(None), finish=write, upgrade=names)

    after = ChangeOptions(no_sync=options.no_sync, dry_run=options.dry_run, sync=options.sync)
    outcome: ChangeOutcome = await change(context, make, after)
    return UpdateOutcome(lock=outcome.lock, sync=outcome.sync, bumped=tuple(bumped))


def _may_bump(workspace: Workspace, path: str, item: Requirement, names: tuple[NormalizedName, ...]) -> bool:
    """What comes from an index, has bounds, and was named if names were."""
    manifest = workspace.manifest if path == "." else workspace.by_path[path].manifest
    if item.url or not item.specifier or item.name in workspace.by_name or (names and item.name not in names):
        return False
    rules = manifest.sources.get(item.name) or workspace.manifest.sources.get(item.name, ())
    return all(isinstance(rule.source, Registry) for rule in rules)


def _raise(editor: ManifestEditor, target: Target, item: Requirement, lock_: Lock | None, bounds: Bounds) -> None:
    specifier = ""
    if lock_ is not None:
        versions = [package.version for package in lock_.packages if package.name == item.name]
        specifier = bounded("exact" if item.specifier.startswith("==") else bounds, versions)
    raised = msgspec.structs.replace(item, specifier=specifier)
    editor.put(target, raised, format_requirement(raised).replace('"', "'"))
