"""The lock as values. ``codec`` turns it into bytes and back; the file format is described there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.sources.source import Source

__all__ = [
    "FORMAT",
    "NEWEST_MINOR",
    "PLAIN_FORMAT",
    "Edge",
    "Lock",
    "LockedMember",
    "LockedPackage",
    "ResolutionInputs",
    "format_of",
]

PLAIN_FORMAT = (1, 0)
"""Major and first minor version of the file format of a lock in which nothing conflicts."""
FORMAT = (2, 0)
"""The same of one with declared conflicts: a member's edges to members are as its manifest has them, and what
these reach from a selection decides which items are active. A newer major is refused, a newer minor warned about."""

NEWEST_MINOR = 1
"""Of either; see :mod:`interlock.core.lock.layout`."""


class Edge(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One dependency of a member or of a locked package on a locked package or a member."""

    name: NormalizedName
    version: str = ""
    """Only when the lock holds several packages of that name: which one. Empty for a source tree without a version."""
    source: Source | None = None
    """Only when the lock holds several packages of that name *and version*: which one."""
    extras: tuple[ExtraName, ...] = ()
    marker: str = ""
    """When it applies; canonical PEP 508 text. May test ``extra == 'member[extra]'``, ``'member:group'`` or
    ``'member'`` for declared conflicts (see :func:`interlock.core.markers.environment.conflict_key`)."""


class LockedMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member with what was resolved for it. Neither its version nor anything else that changes without the
    resolution changing is here."""

    name: NormalizedName
    path: str
    """POSIX, relative to the workspace root."""
    inputs: dict[str, str] = {}
    """Digest of each resolution input by key (``dependencies``, ``optional-dependencies.x``, ``dependency-groups.y``,
    ``requires-python``, ``sources.z``, ``name``): 16 hexadecimal digits each. Two equal mappings resolve alike."""
    requires_python: str = ""
    table_pythons: dict[str, str] = {}
    """Ranges of Pythons of extras and groups that have one of their own, by table: ``extra:x``, ``group:g``."""
    package: bool = True
    dependencies: tuple[Edge, ...] = ()
    extras: dict[ExtraName, tuple[Edge, ...]] = {}
    groups: dict[GroupName, tuple[Edge, ...]] = {}
    includes: dict[GroupName, tuple[GroupName, ...]] = {}
    """By group those it includes, as far as they lead to something in conflict; their edges are its own too."""
    left_out: tuple[str, ...] = ()
    """Tables that the manifest has and a part of a workspace does not: ``dependencies``, ``extra:x``, ``group:g``."""

    @property
    def pythons(self) -> tuple[str, dict[str, str]]:
        """The ranges of the member and of its tables, to compare with those that are asked for."""
        return self.requires_python, self.table_pythons

    def every(self) -> Iterator[Edge]:
        """The edges of the member, of its extras and of its groups, one after the other."""
        return chain(self.dependencies, *self.extras.values(), *self.groups.values())


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of one package from one source."""

    name: NormalizedName
    version: str = ""
    """Empty for a source tree whose version is dynamic."""
    source: Source
    markers: tuple[str, ...] = ()
    """Forks this one was chosen in, when the lock holds several of that name; seeds the next resolution."""
    requires_python: str = ""
    dependencies: tuple[Edge, ...] = ()
    extras: dict[ExtraName, tuple[Edge, ...]] = {}
    artifacts: tuple[Artifact, ...] = ()
    """Sorted by filename; every file of the version that an environment of this lock could use."""

    def every(self) -> Iterator[Edge]:
        """The edges of the package and of its extras, one after the other."""
        return chain(self.dependencies, *self.extras.values())


class ResolutionInputs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Settings that shaped the resolution; part of freshness like the members' own inputs."""

    indexes: tuple[str, ...] = ()
    """Names, in order of priority."""
    environments: tuple[str, ...] = ()
    required_environments: tuple[str, ...] = ()
    conflicts: tuple[tuple[ConflictItem, ...], ...] = ()
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    scoped_overrides: tuple[str, ...] = ()
    """``package==version: requirement, requirement``."""
    excludes: tuple[str, ...] = ()
    prerelease: str = "if-necessary"
    prerelease_package: dict[NormalizedName, str] = {}
    resolution: str = "highest"
    fork_strategy: str = "requires-python"
    index_strategy: str = "first-index"
    exclude_newer: str = ""
    """The cutoff as a timestamp; empty for a relative window, which is another moment every day."""
    exclude_newer_span: str = ""
    """The relative window as written, when there was one."""
    exclude_newer_package: dict[NormalizedName, str] = {}
    """By package a timestamp, a window as written, or nothing for no cutoff."""
    no_build: tuple[str, ...] = ()
    """As :class:`~interlock.core.settings.name_set.NameSet` writes them."""
    no_binary: tuple[str, ...] = ()
    no_sources: tuple[str, ...] = ()
    """Names whose sources were not looked at, written so too."""
    dependency_metadata: str = ""
    """Digest of the static metadata table; empty without one."""
    trees: dict[str, str] = {}
    """By path: digests of what source trees say they need where no member's manifest says it."""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    requires_python: str = ""
    """The hull of the members' ranges; what each member needs stands with it."""
    inputs: ResolutionInputs = ResolutionInputs()
    forks: tuple[str, ...] = ()
    """Marker of each fork of the resolution; empty when there was only one."""
    members: tuple[LockedMember, ...] = ()
    """Sorted by name."""
    packages: tuple[LockedPackage, ...] = ()
    """Sorted by name, version, source."""
    format: tuple[int, int] = PLAIN_FORMAT


def format_of(inputs: ResolutionInputs) -> tuple[int, int]:
    """The version of the format that a lock made from these has."""
    return FORMAT if inputs.conflicts else PLAIN_FORMAT
