"""A workspace read and lowered: what freshness is judged from, and the problem that a resolution solves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from interlock.core.lock.codec import is_newer_minor
from interlock.core.lock.freshness import CurrentMember, Stale, compare
from interlock.core.lock.inputs import resolution_inputs
from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.lock.moves import Moves
from interlock.core.lock.pins import Pin, forks_of
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.members.asks import Ask, Limits, MemberAsks, Origin
from interlock.core.members.narrowing import narrow
from interlock.core.names import NormalizedName
from interlock.core.relock.namesakes import namesakes
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.problem import DirectPackage, Policy, Preference, Problem
from interlock.core.sources.source import Member as FromMember
from interlock.core.sources.source import Registry
from interlock.events import Warned
from interlock.means import Means
from interlock.resolution.asks import lower
from interlock.resolution.limits import lower_limits
from interlock.resolution.policy import policy_of
from interlock.settings.decided import ResolutionSettings
from interlock.workspace.discovery import absent_members
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Workspace

__all__ = ["Prepared", "is_plain", "left_out_of", "make_problem", "prepare", "stale_reasons", "unmet_reasons"]

_ALL = ":all:"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace read and lowered: all that freshness is judged from."""

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


def prepare(means: Means, workspace: Workspace, old: Lock | None = None, *, whole: bool = False) -> Prepared:
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
    no_sources = frozenset((_ALL,)) if tool.no_sources else frozenset(tool.no_sources_packages)
    asks = lower(workspace, absent=absent, no_sources=no_sources, left_out=left_out_of(old))
    limits = lower_limits(workspace, tool, absent=absent, no_sources=no_sources)
    return Prepared(
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


def stale_reasons(prepared: Prepared, old: Lock) -> tuple[Stale, ...]:
    """What the manifests say that the lock was not made from; empty when it is up to date."""
    return compare(old, prepared.current, prepared.inputs, absent=prepared.absent)


def unmet_reasons(prepared: Prepared, old: Lock) -> tuple[Stale, ...]:
    """Why a lock does not answer the manifests; empty when it does.

    It may answer them as it is though it was made from something else, as when a bound was widened.
    """
    reasons = stale_reasons(prepared, old)
    return () if reasons and _still_answers(prepared, old, reasons) else reasons


def _still_answers(prepared: Prepared, old: Lock, reasons: tuple[Stale, ...]) -> bool:
    """Whether resolving would find the same again, for the manifests as they are."""
    if not is_plain(prepared):
        return False
    from interlock.core.relock.edge_update import update_edges  # noqa: PLC0415 - a fresh lock needs nothing that solves

    problem = make_problem(prepared, prepared.asks, old, Moves())
    made = update_edges(old, problem, reasons, {member.name: member.inputs for member in prepared.current})
    return made is not None and _without_digests(made) == _without_digests(old)


def _without_digests(lock: Lock) -> Lock:
    members = tuple(msgspec.structs.replace(member, inputs={}) for member in lock.members)
    return msgspec.structs.replace(lock, members=members)


def is_plain(prepared: Prepared) -> bool:
    """Whether nothing is built to know what is asked for, and all of it comes from members and indexes."""
    if any("dynamic" in member.inputs for member in prepared.current) or namesakes(prepared.asks):
        return False
    tables = [
        asks
        for member in prepared.asks
        for asks in (member.dependencies, *member.extras.values(), *member.groups.values())
    ]
    return all(
        isinstance(ask.source, FromMember | Registry | None) for asks in (*tables, prepared.limits.asks) for ask in asks
    )


def make_problem(
    prepared: Prepared,
    members: Iterable[MemberAsks],
    base: Lock | None,
    moves: Moves,
    *,
    direct: tuple[DirectPackage, ...] = (),
    limits: Limits | None = None,
) -> Problem:
    """The problem of members as they ask, locked for the Pythons on which they can be had.

    ``direct`` and ``limits`` as they were discovered.
    """
    limits = limits or prepared.limits
    wishes = _wished(moves.packages)
    asked = Origin(member=NormalizedName(""), table="constraint")
    constraints = (*limits.constraints, *(Ask(requirement=wish, origin=asked) for wish in wishes))
    return Problem(
        members=narrow(sorted(members, key=lambda member: member.name), prepared.tool.environments).members,
        direct=direct,
        environments=prepared.tool.environments,
        required_environments=prepared.tool.required_environments,
        conflicts=prepared.tool.conflicts,
        limits=msgspec.structs.replace(limits, constraints=constraints),
        wishes=wishes,
        excludes=frozenset(prepared.tool.excludes),
        policy=_policy(prepared),
        preferences=_pinned(prepared, moves.pins) or _preferences(base, moves.packages),
        forks=_forks(base, moves),
    )


def _forks(base: Lock | None, moves: Moves) -> tuple[str, ...]:
    if moves.pins:
        return forks_of(moves.pins)
    return base.forks if base is not None else ()


def _policy(prepared: Prepared) -> Policy:
    tool = prepared.tool
    return msgspec.structs.replace(
        policy_of(prepared.settings), prerelease_packages=tool.prerelease_package, fork_strategy=tool.fork_strategy
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
        for index in prepared.settings.indexes:
            found.setdefault(pin.name, []).append(Preference(pin.version, Registry(index.name), pin.forks))
    return {name: tuple(wishes) for name, wishes in found.items()}
