"""Members beside packages of the same name, which they are when sources are not looked at.

The resolver knows one candidate set for each name, so a member that is also wanted from an index gets another name
while the problem is solved; in the lock it has its own again, and what points at the package says so.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from interlock.core.lock.layout import edge_order
from interlock.core.lock.model import Edge, Lock, LockedPackage
from interlock.core.members.asks import Ask, MemberAsks
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Member

__all__ = ["namesakes", "rename_namesakes", "restore_names"]

_SUFFIX = " (member)"
"""No package can be called that."""


def namesakes(members: Iterable[MemberAsks]) -> frozenset[NormalizedName]:
    """The members whose name is asked for from somewhere else than the workspace."""
    members = tuple(members)
    asked = {ask.requirement.name for member in members for ask in member.every() if not isinstance(ask.source, Member)}
    return frozenset(member.name for member in members if member.name in asked)


def rename_namesakes(members: Iterable[MemberAsks], names: frozenset[NormalizedName]) -> tuple[MemberAsks, ...]:
    """The members with those of these names called something else, wherever the member is meant."""

    def meant(asks: tuple[Ask, ...]) -> tuple[Ask, ...]:
        return tuple(
            msgspec.structs.replace(
                ask,
                requirement=msgspec.structs.replace(ask.requirement, name=_renamed(ask.source.name)),
                source=Member(_renamed(ask.source.name)),
            )
            if isinstance(ask.source, Member) and ask.source.name in names
            else ask
            for ask in asks
        )

    return tuple(
        msgspec.structs.replace(
            member,
            name=_renamed(member.name) if member.name in names else member.name,
            dependencies=meant(member.dependencies),
            extras={name: meant(asks) for name, asks in member.extras.items()},
            groups={name: meant(asks) for name, asks in member.groups.items()},
        )
        for member in members
    )


def restore_names(lock: Lock, names: frozenset[NormalizedName]) -> Lock:
    """The lock of a problem with members renamed, with their own names again."""
    own = {_renamed(name): name for name in names}
    packages: dict[NormalizedName, list[LockedPackage]] = {}
    for package in lock.packages:
        packages.setdefault(package.name, []).append(package)

    def edges(found: tuple[Edge, ...]) -> tuple[Edge, ...]:
        return tuple(sorted(map(one, found), key=edge_order))

    def one(edge: Edge) -> Edge:
        if edge.name in own:
            return msgspec.structs.replace(edge, name=own[edge.name])
        if edge.name not in names:
            return edge
        meant = next(package for package in packages[edge.name] if edge.version in {"", package.version})
        return msgspec.structs.replace(edge, version=meant.version, source=edge.source or meant.source)

    members = (
        msgspec.structs.replace(
            member,
            name=own.get(member.name, member.name),
            dependencies=edges(member.dependencies),
            extras={extra: edges(found) for extra, found in member.extras.items()},
            groups={group: edges(found) for group, found in member.groups.items()},
        )
        for member in lock.members
    )
    return msgspec.structs.replace(
        lock,
        members=tuple(sorted(members, key=lambda member: member.name)),
        packages=tuple(
            msgspec.structs.replace(
                package,
                dependencies=edges(package.dependencies),
                extras={extra: edges(found) for extra, found in package.extras.items()},
            )
            for package in lock.packages
        ),
    )


def _renamed(name: NormalizedName) -> NormalizedName:
    return NormalizedName(f"{name}{_SUFFIX}")
