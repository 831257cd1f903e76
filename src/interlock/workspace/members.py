"""The workspace as values: its root, its members, and who is who."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import msgspec

from interlock.core.lock.freshness import CurrentMember
from interlock.core.lock.inputs import member_inputs
from interlock.core.manifests.manifest import Manifest, ToolSettings, pinned_indexes
from interlock.core.manifests.problems import suggest
from interlock.core.names import NormalizedName
from interlock.errors import UsageError

__all__ = ["VIRTUAL_ROOT", "Member", "UnknownMember", "Workspace"]

VIRTUAL_ROOT = NormalizedName("")
"""Stands for a root that is no project but has dependency groups, in asks, locks and selections."""


class UnknownMember(UsageError):
    """A member is asked for that the workspace does not have."""

    code = "unknown-member"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"The workspace has no member `{name}`.{suggest(name, known)}",
            hint=f"Members: {', '.join(known)}." if 0 < len(known) <= 20 else None,
            facts={"member": name, "known": list(known)},
        )


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A project of the workspace."""

    name: NormalizedName
    path: str
    """POSIX, relative to the workspace root; ``"."`` for the root."""
    manifest: Manifest
    root: Path
    """The workspace's."""
    own_inputs: dict[str, str] = {}
    """Digests of the resolution inputs that follow from this manifest alone."""
    written: Manifest | None = None
    """The manifest as it is in its file, where ranges of the workspace's catalog were filled in."""

    @property
    def directory(self) -> Path:
        return self.root / self.path

    @property
    def file(self) -> str:
        """The manifest's file as messages call it."""
        return "pyproject.toml" if self.path == "." else f"{self.path}/pyproject.toml"


class Workspace(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A root with its members; a project that is in no workspace is the root and only member of its own."""

    root: Path
    manifest: Manifest
    """The root's; without a ``[project]`` table the root is virtual and no member."""
    members: tuple[Member, ...]
    """Sorted by name, the root among them when it is a project."""
    current: NormalizedName | None = None
    """The member that discovery started in; None at a virtual root."""
    root_inputs: dict[str, str] = {}
    """Digests of the root's own inputs, which count as a member's when a virtual root has groups."""
    digest: str = ""
    """Of the bytes of every manifest that was read, the root's included."""
    written: Manifest | None = None
    """The root's manifest as it is in its file, where there is a catalog."""

    @cached_property
    def by_name(self) -> dict[NormalizedName, Member]:
        return {member.name: member for member in self.members}

    @cached_property
    def by_path(self) -> dict[str, Member]:
        return {member.path: member for member in self.members}

    def member(self, name: NormalizedName) -> Member:
        """The member of that name; raises :class:`UnknownMember`."""
        found = self.by_name.get(name)
        if found is None:
            raise UnknownMember(name, tuple(self.by_name))
        return found

    def find(self, name: NormalizedName) -> Member | None:
        return self.by_name.get(name)

    def containing(self, path: Path) -> Member | None:
        """The member whose directory holds a file or directory, the innermost one when members are nested."""
        for directory in (path, *path.parents):
            if not directory.is_relative_to(self.root):
                return None
            relative = directory.relative_to(self.root).as_posix()
            found = self.by_path.get(relative)
            if found is not None:
                return found
        return None

    @property
    def has_root_groups(self) -> bool:
        """Whether a virtual root takes part in the lock, as :data:`VIRTUAL_ROOT`."""
        return self.manifest.name is None and bool(self.manifest.groups or self.manifest.group_problems)

    @cached_property
    def settings(self) -> ToolSettings:
        """The root's, with what members add: the indexes they define for their own sources, which are explicit, and
        the conflicts they declare."""
        own = self.manifest.settings
        found = list(own.indexes)
        known = {index.name for index in found}
        others = [member.manifest for member in self.members if member.path != "."]
        for member in self.members:
            pinned = pinned_indexes(member.manifest) if member.manifest.settings.indexes else ()
            for index in member.manifest.settings.indexes:
                if index.name in pinned and index.name not in known:
                    known.add(index.name)
                    found.append(msgspec.structs.replace(index, explicit=True, default=False))
        conflicts = tuple(
            dict.fromkeys(items for manifest in (self.manifest, *others) for items in manifest.settings.conflicts)
        )
        if len(found) == len(own.indexes) and conflicts == own.conflicts:
            return own
        return msgspec.structs.replace(own, indexes=tuple(found), conflicts=conflicts)

    def inputs(self) -> tuple[CurrentMember, ...]:
        """What the resolution depends on, member by member, to compare with a lock."""
        root = self.manifest
        found = [
            CurrentMember(
                name=member.name, path=member.path, inputs=member_inputs(member.own_inputs, member.manifest, root)
            )
            for member in self.members
        ]
        if self.has_root_groups:
            found.insert(0, CurrentMember(name=VIRTUAL_ROOT, path=".", inputs=self.root_inputs))
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the manifests warn of, the root's first; what several members are warned of is said once."""
        said: dict[str, list[str]] = {}
        for member in self.members:
            if member.path != ".":
                for text in member.manifest.warnings:
                    file, _, message = text.partition(": ")
                    said.setdefault(message, []).append(file)
        return (*self.manifest.warnings, *(_said_once(message, files) for message, files in said.items()))


def _said_once(message: str, files: list[str]) -> str:
    others = len(set(files)) - 1
    more = f" (The same in {others} other member{'s' if others > 1 else ''}.)" if others else ""
    return f"{files[0]}: {message}{more}"
