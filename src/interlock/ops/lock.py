"""``interlock lock``: one lock for every member, made when the old one no longer answers what the manifests ask."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.core.asks import MemberAsks
from interlock.core.foreign_locks import Pin
from interlock.core.freshness import Stale
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.diff import LockDiff, diff
from interlock.core.lock.model import Lock, LockedPackage
from interlock.core.lock.splice import splice
from interlock.core.names import NormalizedName
from interlock.core.requirement import Requirement
from interlock.core.resolver.problem import Policy, Preference, Problem
from interlock.core.sources import Git, Registry, Source
from interlock.core.sources import Member as FromMember
from interlock.errors import LockError
from interlock.events import Warned
from interlock.ops.cache import usage_lock
from interlock.ops.freshness import Prepared, check_fresh, prepare, stale_reasons
from interlock.ops.merge import pins_of_conflicted
from interlock.store.locks import hold
from interlock.workspace.context import Context
from interlock.workspace.direct import discover_direct
from interlock.workspace.discovery import discover
from interlock.workspace.dynamic import complete
from interlock.workspace.guards import workspace_guard
from interlock.workspace.hashes import fill_hashes
from interlock.workspace.location import locator
from interlock.workspace.lockfile import load_lock_if_any
from interlock.workspace.members import Workspace
from interlock.workspace.options import LockOptions, LockOutcome
from interlock.workspace.provision import Provisioner
from interlock.workspace.resolve import resolve
from interlock.workspace.siblings import BuildSiblings
from interlock.workspace.stamp import stamp_fresh
from interlock.workspace.toolchain import Toolchain

__all__ = ["lock", "lock_held", "write_lock"]

_ALL = ":all:"


class WouldMoveOthers(LockError):
    """An upgrade of some packages needs others to move too."""

    code = "would-move-others"


async def lock(context: Context, options: LockOptions) -> LockOutcome:
    """Make the lock fresh, or with ``check`` say whether it is.

    Raises :class:`LockOutdated` with ``check`` and a lock that is not fresh, and what resolving raises.
    """
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.start, layout=context.layout))
    if options.check:
        return await anyio.to_thread.run_sync(lambda: check_fresh(context, workspace))
    context.layout.prepare()
    async with hold(usage_lock(context.layout), shared=True), hold(workspace_guard(workspace.root)):
        outcome = await lock_held(context, workspace, options)
        if not (outcome.changed and options.dry_run):
            here = context.within(workspace.settings)
            await anyio.to_thread.run_sync(lambda: stamp_fresh(here, workspace, outcome.lock, written=outcome.changed))
        return outcome


async def lock_held(context: Context, workspace: Workspace, options: LockOptions) -> LockOutcome:
    """The same for a caller that holds :func:`workspace_guard`; the workspace may be one that is not on disk yet."""
    pins = await anyio.to_thread.run_sync(pins_of_conflicted, workspace.root)
    old = pins if pins is not None else await anyio.to_thread.run_sync(load_lock_if_any, workspace.root)
    prepared = await anyio.to_thread.run_sync(lambda: prepare(context, old, workspace, whole=True))
    _warn(prepared)
    reasons: tuple[object, ...] = stale_reasons(prepared, old) if old is not None else ()
    if pins is not None:
        reasons = ("it had merge conflicts; what both sides share was kept",)
    keep = old is not None and not reasons and not (options.upgrade or options.upgrade_packages or options.pins)
    if keep and old is not None:
        return LockOutcome(path=prepared.lockfile, changed=False, lock=old)
    made = None
    if old is not None and pins is None and not (options.upgrade or options.upgrade_packages or options.pins):
        made = await anyio.to_thread.run_sync(lambda: _spliced(prepared, old, stale_reasons(prepared, old), options))
    if made is None:
        made = await _make(prepared, old, options)
    changes = diff(old, made)
    if options.upgrade_packages and not options.closure:
        _refuse_others(changes, options.upgrade_packages)
    data = encode_lock(made)
    before = await anyio.to_thread.run_sync(lambda: _read(prepared.lockfile))
    if data != before and not options.dry_run:
        await anyio.to_thread.run_sync(lambda: write_lock(prepared.lockfile, data))
    return LockOutcome(
        path=prepared.lockfile,
        changed=data != before,
        lock=made,
        created=old is None,
        diff=changes,
        reasons=tuple(str(reason) for reason in reasons),
    )


def _refuse_others(changes: LockDiff, asked: dict[NormalizedName, str]) -> None:
    """Stop when an upgrade of some packages would move others that were locked."""
    moved = [
        change
        for change in changes.packages
        if change.old and change.new and change.old != change.new and change.name not in asked
    ]
    if moved:
        lines = [f"  {change.name} {', '.join(change.old)} -> {', '.join(change.new)}" for change in moved]
        names = " ".join(f"-P {change.name}" for change in moved)
        raise WouldMoveOthers(
            f"Upgrading {', '.join(sorted(asked))} would also move what was not asked for:\n" + "\n".join(lines),
            hint=f"Ask for these too ({names}), or allow all that is forced with --closure.",
            facts={"moved": [{"name": change.name, "old": change.old, "new": change.new} for change in moved]},
        )


def _warn(prepared: Prepared) -> None:
    manifests = (prepared.workspace.manifest, *(member.manifest for member in prepared.workspace.members))
    for text in dict.fromkeys(text for manifest in manifests for text in manifest.warnings):
        prepared.context.reporter.report(Warned("manifest", text))


async def _make(prepared: Prepared, old: Lock | None, options: LockOptions) -> Lock:
    context, workspace = prepared.context, prepared.workspace
    base = None if options.upgrade else old
    async with Toolchain(context, Provisioner, tool=prepared.tool) as toolchain:
        toolchain.siblings = BuildSiblings(prepared.workspace, prepared.tool)
        toolchain.refresh = options.upgrade
        asks = await complete(toolchain, workspace, prepared.asks)
        found = await discover_direct(
            toolchain, asks, root=workspace.root, locked=_locked_commits(base, options.upgrade_packages)
        )
        problem = _problem(prepared, found.members, found.direct, base, options)
        made = await resolve(
            toolchain,
            problem,
            sourced=found.sourced,
            inputs=prepared.inputs,
            digests={member.name: member.inputs for member in prepared.current},
            old=old,
            locate=locator(workspace.root),
        )
        return await fill_hashes(toolchain.client, made, old)


def _problem(
    prepared: Prepared,
    members: Iterable[MemberAsks],
    direct: dict[tuple[NormalizedName, Source], MemberAsks],
    base: Lock | None,
    options: LockOptions,
) -> Problem:
    return Problem(
        members=tuple(sorted(members, key=lambda member: member.name)),
        direct=direct,
        environments=prepared.tool.environments,
        required_environments=prepared.tool.required_environments,
        conflicts=prepared.tool.conflicts,
        constraints=(*prepared.tool.constraints, *_wished(options.upgrade_packages)),
        overrides=prepared.tool.overrides,
        excludes=frozenset(prepared.tool.excludes),
        policy=_policy(prepared),
        preferences=_pinned(prepared, options.pins) or _preferences(base, options.upgrade_packages),
        forks=base.forks if base is not None and not options.upgrade_packages else (),
    )


def _spliced(prepared: Prepared, old: Lock, reasons: tuple[Stale, ...], options: LockOptions) -> Lock | None:
    """The lock made without a resolution, where that can be done: no builds, no sources but members and indexes."""
    if any("dynamic" in member.inputs for member in prepared.current):
        return None
    for member in prepared.asks:
        for asks in (member.dependencies, *member.extras.values(), *member.groups.values()):
            if any(not isinstance(ask.source, FromMember | Registry | None) for ask in asks):
                return None
    problem = _problem(prepared, prepared.asks, {}, old, options)
    return splice(old, problem, reasons, {member.name: member.inputs for member in prepared.current})


def _policy(prepared: Prepared) -> Policy:
    tool, inputs = prepared.tool, prepared.inputs
    return Policy(
        prerelease=tool.prerelease,
        resolution=tool.resolution,
        fork_strategy=tool.fork_strategy,
        cutoff=inputs.exclude_newer,
        cutoff_packages=inputs.exclude_newer_package,
        no_build=frozenset((*tool.no_build_packages, *((_ALL,) if tool.no_build else ()))),
        no_binary=frozenset((*tool.no_binary_packages, *((_ALL,) if tool.no_binary else ()))),
        build_allowed=frozenset(tool.no_binary_packages),
    )


def _wished(upgrade: dict[NormalizedName, str]) -> tuple[Requirement, ...]:
    """``-P name==version`` as a constraint on this one resolution."""
    return tuple(Requirement(name, f"=={version}") for name, version in sorted(upgrade.items()) if version)


def _preferences(old: Lock | None, upgrade: dict[NormalizedName, str]) -> dict[NormalizedName, tuple[Preference, ...]]:
    found: dict[NormalizedName, list[Preference]] = {}
    for package in old.packages if old is not None else ():
        if package.name not in upgrade:
            found.setdefault(package.name, []).append(Preference(package.version, package.source, package.markers))
    return {name: tuple(wishes) for name, wishes in found.items()}


def _pinned(prepared: Prepared, pins: tuple[Pin, ...]) -> dict[NormalizedName, tuple[Preference, ...]]:
    """Another tool's pins; they do not tell the index, so any that has the version will do."""
    found: dict[NormalizedName, list[Preference]] = {}
    for pin in pins:
        for index in prepared.context.settings.indexes:
            found.setdefault(pin.name, []).append(Preference(pin.version, Registry(index.name), pin.markers))
    return {name: tuple(wishes) for name, wishes in found.items()}


def _locked_commits(old: Lock | None, upgrade: dict[NormalizedName, str]) -> frozenset[Git]:
    packages: tuple[LockedPackage, ...] = old.packages if old is not None else ()
    return frozenset(
        package.source for package in packages if isinstance(package.source, Git) and package.name not in upgrade
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_lock(path: Path, data: bytes) -> None:
    """Replace the lock at once: a reader sees the old file or the new one."""
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        passing.write_bytes(data)
        passing.replace(path)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
