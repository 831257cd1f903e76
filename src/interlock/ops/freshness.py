"""Whether a lock answers what the manifests ask; never resolves anything, so that looking loads no resolver."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.asks import MemberAsks
from interlock.core.freshness import CurrentMember, Stale, compare
from interlock.core.inputs import resolution_inputs
from interlock.core.lock.codec import is_newer_minor
from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName
from interlock.errors import LockOutdated
from interlock.events import Warned
from interlock.settings import Settings
from interlock.workspace.asks import lower
from interlock.workspace.context import Context
from interlock.workspace.discovery import absent_members, discover
from interlock.workspace.lockfile import LockMissing, load_lock_if_any, lockfile_path
from interlock.workspace.members import Workspace
from interlock.workspace.options import LockOutcome
from interlock.workspace.stamp import stamp_fresh

__all__ = ["Prepared", "check_fresh", "prepare", "stale_reasons"]


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace read and lowered: all that freshness is judged from."""

    context: Context
    """With the settings of the workspace's root."""
    workspace: Workspace
    tool: ToolSettings
    """The root's tool table with what the command line and the environment override."""
    asks: tuple[MemberAsks, ...]
    current: tuple[CurrentMember, ...]
    inputs: ResolutionInputs
    absent: frozenset[NormalizedName] = frozenset()
    """Locked members whose directories are not here, as in a part of a checkout."""

    @property
    def lockfile(self) -> Path:
        return lockfile_path(self.workspace.root)


def prepare(
    context: Context, old: Lock | None = None, workspace: Workspace | None = None, *, whole: bool = False
) -> Prepared:
    """Read the workspace; blocking. ``old`` decides what a relative cutoff means.

    Locked members whose directories are missing count as unchanged, unless the ``whole`` workspace is asked for.
    """
    workspace = workspace or discover(context.start, layout=context.layout)
    context = context.within(workspace.settings)
    if old is not None and is_newer_minor(old):
        context.reporter.report(
            Warned("lock-newer", "A newer Interlock wrote interlock.lock; this one reads what it understands.")
        )
    settings = context.settings
    tool = _effective(workspace.settings, settings)
    absent = absent_members(workspace, old) if old is not None and not whole else frozenset()
    asks = lower(workspace, indexes=tuple(index.name for index in settings.indexes), absent=absent)
    cutoff = settings.exclude_newer
    if old is not None and settings.exclude_newer_span and old.inputs.exclude_newer_span == settings.exclude_newer_span:
        cutoff = old.inputs.exclude_newer
    return Prepared(
        context=context,
        workspace=workspace,
        tool=tool,
        asks=asks,
        current=workspace.inputs(),
        inputs=resolution_inputs(
            tool, settings.indexes, exclude_newer=cutoff, exclude_newer_span=settings.exclude_newer_span
        ),
        absent=absent,
    )


def _effective(tool: ToolSettings, settings: Settings) -> ToolSettings:
    return msgspec.structs.replace(
        tool,
        prerelease=settings.prerelease,
        resolution=settings.resolution,
        index_strategy=settings.index_strategy,
        exclude_newer_package=settings.exclude_newer_package,
        no_build=settings.no_build,
        no_build_packages=settings.no_build_packages,
        no_binary=settings.no_binary,
        no_binary_packages=settings.no_binary_packages,
    )


def stale_reasons(prepared: Prepared, old: Lock) -> tuple[Stale, ...]:
    """Why a lock does not answer the manifests; empty when it does."""
    return compare(old, prepared.current, prepared.inputs, absent=prepared.absent)


def check_fresh(context: Context, workspace: Workspace) -> LockOutcome:
    """Judge a lock by the manifests alone; blocking, without network or interpreter.

    Raises :class:`LockOutdated` (:class:`LockMissing`) when it does not answer them.
    """
    old = load_lock_if_any(workspace.root)
    if old is None:
        raise LockMissing(f"There is no interlock.lock in {workspace.root}.", hint="Make it with `interlock lock`.")
    prepared = prepare(context, old, workspace)
    reasons = stale_reasons(prepared, old)
    if reasons:
        raise LockOutdated(
            "interlock.lock does not match the manifests:\n" + "\n".join(f"  {reason}" for reason in reasons),
            hint="Run `interlock lock`.",
            facts={"stale": [msgspec.to_builtins(reason) for reason in reasons]},
        )
    if not prepared.absent:
        stamp_fresh(prepared.context, workspace, old)
    return LockOutcome(path=prepared.lockfile, changed=False, lock=old)
