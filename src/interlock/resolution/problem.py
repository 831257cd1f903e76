"""The problem that a resolution of a workspace solves."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import msgspec

from interlock.core.lock.model import Lock
from interlock.core.lock.moves import Moves
from interlock.core.lock.pins import Pin, forks_of
from interlock.core.members.asks import Ask, Limits, MemberAsks, Origin
from interlock.core.members.narrowing import narrow
from interlock.core.names import NormalizedName
from interlock.core.relock.namesakes import namesakes
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.problem import DirectPackage, Policy, Preference, Problem
from interlock.core.sources.source import Member as FromMember
from interlock.core.sources.source import Registry
from interlock.resolution.policy import policy_of
from interlock.resolution.reading import Reading

__all__ = ["is_plain", "make_problem"]


def is_plain(reading: Reading) -> bool:
    """Whether nothing is built to know what is asked for, and all of it comes from members and indexes."""
    if any("dynamic" in member.inputs for member in reading.current) or namesakes(reading.asks):
        return False
    asks = chain(reading.limits.asks, *(member.every() for member in reading.asks))
    return all(isinstance(ask.source, FromMember | Registry | None) for ask in asks)


def make_problem(
    reading: Reading,
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
    limits = limits or reading.limits
    wishes = _wished(moves.packages)
    asked = Origin(member=NormalizedName(""), table="constraint")
    constraints = (*limits.constraints, *(Ask(requirement=wish, origin=asked) for wish in wishes))
    return Problem(
        members=narrow(sorted(members, key=lambda member: member.name), reading.tool.environments).members,
        direct=direct,
        environments=reading.tool.environments,
        required_environments=reading.tool.required_environments,
        conflicts=reading.tool.conflicts,
        limits=msgspec.structs.replace(limits, constraints=constraints),
        wishes=wishes,
        excludes=frozenset(reading.tool.excludes),
        policy=_policy(reading),
        preferences=_pinned(reading, moves.pins) or _preferences(base, moves.packages),
        forks=_forks(base, moves),
    )


def _forks(base: Lock | None, moves: Moves) -> tuple[str, ...]:
    if moves.pins:
        return forks_of(moves.pins)
    return base.forks if base is not None else ()


def _policy(reading: Reading) -> Policy:
    tool = reading.tool
    return msgspec.structs.replace(
        policy_of(reading.settings), prerelease_packages=tool.prerelease_package, fork_strategy=tool.fork_strategy
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


def _pinned(reading: Reading, pins: tuple[Pin, ...]) -> dict[NormalizedName, tuple[Preference, ...]]:
    """Another tool's pins; they do not tell the index, so any that has the version will do."""
    found: dict[NormalizedName, list[Preference]] = {}
    for pin in pins:
        for index in reading.settings.indexes:
            found.setdefault(pin.name, []).append(Preference(pin.version, Registry(index.name), pin.forks))
    return {name: tuple(wishes) for name, wishes in found.items()}
