"""A lock as a graph: what each edge points at, and what a selection starts from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from interlock.core.lock.codec import LockCorrupt
from interlock.core.lock.layout import source_key
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.members.selection import MemberSelection
from interlock.core.names import NormalizedName
from interlock.core.requirements.slot import PROJECT, PROJECT_TABLE, Slot
from interlock.core.sources.source import Member
from interlock.errors import UsageError

__all__ = ["Graph", "Key", "LeftOut", "Target", "UnknownInLock", "key_of", "root_edges"]

Target = LockedMember | LockedPackage
Key = tuple[str, str, str]
"""Name, version and source of a locked package, as text; a member's is ``(name, "", "member")``."""


class UnknownInLock(UsageError):
    """A member, extra or group that was asked for is not in the lock."""

    code = "unknown-in-lock"


class LeftOut(UnknownInLock):
    """It is no part of what a workspace was pruned to."""

    code = "left-out"
    exit_code = 1


def key_of(target: Target) -> Key:
    if isinstance(target, LockedMember):
        return (target.name, "", "member")
    return (target.name, target.version, source_key(target.source))


class Graph:
    """Index over a lock; made once per question, in time linear in the number of blocks."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.members: dict[NormalizedName, LockedMember] = {member.name: member for member in lock.members}
        self.packages: dict[NormalizedName, list[LockedPackage]] = {}
        for package in lock.packages:
            self.packages.setdefault(package.name, []).append(package)
        self.only: dict[NormalizedName, Target] = {
            name: packages[0] for name, packages in self.packages.items() if len(packages) == 1
        }
        """What every edge to a name means when there is only one candidate for it."""
        for name in self.members.keys() & self.packages.keys():
            self.only.pop(name, None)
        self.only.update((name, member) for name, member in self.members.items() if name not in self.packages)

    def __repr__(self) -> str:
        return f"Graph({len(self.members)} members, {len(self.lock.packages)} packages)"

    def target(self, edge: Edge) -> Target:
        """What the edge points at. Raises :class:`LockCorrupt` when that is not in the lock."""
        found = self.only.get(edge.name)
        if found is not None:
            return found
        if edge.name in self.members and (edge.source is None or isinstance(edge.source, Member)):
            return self.members[edge.name]
        candidates = [
            package
            for package in self.packages.get(edge.name, ())
            if package.version == edge.version and (edge.source is None or package.source == edge.source)
        ]
        if len(candidates) != 1:
            wanted = f"{edge.name} {edge.version}".strip()
            problem = "has no entry for it" if not candidates else "has several entries for it"
            raise LockCorrupt(
                f"The lock has a dependency on {wanted}, but {problem}.",
                hint="Run `interlock lock` to write it anew.",
                facts={"package": edge.name, "version": edge.version},
            )
        return candidates[0]

    def targets(self) -> Iterator[Target]:
        yield from self.lock.members
        yield from self.lock.packages

    def member(self, name: NormalizedName) -> LockedMember:
        found = self.members.get(name)
        if found is None:
            raise UnknownInLock(
                f"The lock has no member `{name}`.",
                hint="Check the name, or run `interlock lock` if the member is new.",
                facts={"member": name},
            )
        return found


def root_edges(member: LockedMember, selection: MemberSelection) -> Iterator[tuple[Edge, ...]]:
    """The lists of edges that a selection of a member starts from. Raises :class:`UnknownInLock`."""
    if selection.project:
        if PROJECT_TABLE in member.left_out:
            raise _unknown(member, PROJECT, ())
        yield member.dependencies
    for extra in selection.extras:
        if extra not in member.extras:
            raise _unknown(member, Slot(extra), member.extras)
        yield member.extras[extra]
    for group in selection.groups:
        if group not in member.groups:
            raise _unknown(member, Slot(group=group), member.groups)
        yield member.groups[group]


def edges_of(target: Target, slot: Slot) -> tuple[Edge, ...]:
    """The edges that one slot of a target starts; nothing when it has no such slot."""
    if slot.extra is not None:
        return target.extras.get(slot.extra, ())
    if slot.group is None:
        return target.dependencies
    return target.groups.get(slot.group, ()) if isinstance(target, LockedMember) else ()


def _unknown(member: LockedMember, slot: Slot, known: Iterable[str]) -> UnknownInLock:
    names = ", ".join(sorted(known))
    kind, name = slot.kind, slot.extra or slot.group or member.name
    if slot.table in member.left_out:
        whose = f"The {kind} `{name}`" if kind != "project" else "The project itself"
        flag = {"group": f" with `--no-group {name}`", "extra": f" with `--no-extra {name}`"}.get(kind, "")
        return LeftOut(
            f"{whose} of {member.name} is no part of this workspace: it was left out by `interlock prune`.",
            hint=f"Leave it out here too{flag}, or prune with it.",
            facts={"member": member.name, kind: name},
        )
    return UnknownInLock(
        f"The {kind} `{name}` of {member.name} is not in the lock.",
        hint=f"It has: {names}." if names else f"It has no {kind}s; run `interlock lock` if that changed.",
        facts={"member": member.name, kind: name},
    )
