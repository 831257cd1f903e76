"""A workspace as it was read: what freshness is judged from, and what a problem is made of."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.lock.codec import is_newer_minor
from interlock.core.lock.freshness import CurrentMember
from interlock.core.lock.inputs import resolution_inputs
from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.members.asks import Limits, MemberAsks
from interlock.core.names import NormalizedName
from interlock.events import Warned
from interlock.means import Means
from interlock.resolution.limits import lower_limits
from interlock.resolution.lowering import lower
from interlock.settings.decided import ResolutionSettings
from interlock.workspace.discovery import absent_members
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Workspace

__all__ = ["Reading", "left_out_of", "read_workspace"]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace with what its members ask for and what a lock of it depends on."""

    workspace: Workspace
    settings: ResolutionSettings
    """With those of the workspace's root."""
    tool: ToolSettings
    """The root's tool table with what the command line and the environment override."""
    asks: tuple[MemberAsks, ...]
    limits: Limits
    current: tuple[CurrentMember, ...]
    inputs: ResolutionInputs
    absent: frozenset[NormalizedName] = frozenset()
    """Locked members whose directories are not here, as in a part of a checkout."""

    @property
    def lockfile(self) -> Path:
        return lockfile_path(self.workspace.root)


def read_workspace(means: Means, workspace: Workspace, old: Lock | None = None, *, whole: bool = False) -> Reading:
    """Read the workspace, with the settings of its root in ``means``; blocking.

    Locked members whose directories are missing count as unchanged, unless the ``whole`` workspace is asked for.
    """
    if old is not None and is_newer_minor(old):
        means.reporter.report(
            Warned("lock-newer", "A newer Interlock wrote interlock.lock; this one reads what it understands.")
        )
    settings = means.settings.resolving
    tool = _effective(workspace, settings)
    absent = absent_members(workspace, old) if old is not None and not whole else frozenset()
    if old is not None and absent:
        tool = _with_conflicts_of(absent, tool, old)
    asks = lower(workspace, absent=absent, sourceless=tool.sourceless, left_out=left_out_of(old))
    limits = lower_limits(workspace, tool, absent=absent, sourceless=tool.sourceless)
    return Reading(
        workspace=workspace,
        settings=settings,
        tool=tool,
        asks=asks,
        limits=limits,
        current=workspace.inputs(),
        inputs=msgspec.structs.replace(
            resolution_inputs(
                tool,
                settings.indexes,
                sources=workspace.manifest.sources,
                exclude_newer="" if settings.exclude_newer_span else settings.exclude_newer,
                exclude_newer_span=settings.exclude_newer_span,
            ),
            trees=_trees(workspace, old),
        ),
        absent=absent,
    )


def left_out_of(lock: Lock | None) -> dict[NormalizedName, tuple[str, ...]]:
    """The tables by member that a part of a workspace does not have, as its lock says."""
    return {member.name: member.left_out for member in lock.members if member.left_out} if lock is not None else {}


def _trees(workspace: Workspace, old: Lock | None) -> dict[str, str]:
    if old is None or not old.inputs.trees:
        return {}
    # Manifests are parsed anew there, and most locks have no such trees.
    from interlock.resolution.trees import trees_now  # noqa: PLC0415

    return trees_now(workspace, old.inputs.trees)


def _with_conflicts_of(absent: frozenset[NormalizedName], tool: ToolSettings, old: Lock) -> ToolSettings:
    """What members that are not here declare to conflict is known from the lock."""
    locked = (items for items in old.inputs.conflicts if any(item.member in absent for item in items))
    return msgspec.structs.replace(tool, conflicts=tuple(dict.fromkeys((*tool.conflicts, *locked))))


def _effective(workspace: Workspace, settings: ResolutionSettings) -> ToolSettings:
    tool = workspace.settings
    only_finals = {name: "disallow" for member in workspace.members for name in member.manifest.only_finals}
    return msgspec.structs.replace(
        tool,
        prerelease=settings.prerelease,
        prerelease_package={**tool.prerelease_package, **only_finals},
        resolution=settings.resolution,
        index_strategy=settings.index_strategy,
        exclude_newer_package=settings.written_cutoffs,
        no_build=settings.no_build,
        no_build_packages=settings.no_build_packages,
        no_binary=settings.no_binary,
        no_binary_packages=settings.no_binary_packages,
        no_sources=settings.no_sources,
        no_sources_packages=settings.no_sources_packages,
    )
