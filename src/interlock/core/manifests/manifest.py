"""Manifests: what one ``pyproject.toml`` says, whatever dialect it says it in.

The parsers (``manifest_*.py``) read ``[project]``, ``[dependency-groups]``, ``[build-system]`` and one tool table into
these values; nothing after them looks at TOML again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal

import msgspec

from interlock.core.manifests.cache_keys import CacheKey
from interlock.core.markers.environment import conflict_key
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.requirements.slot import Slot
from interlock.core.settings.build_cache import NamedBuildCache
from interlock.core.settings.choices import (
    Bounds,
    Environments,
    ForkStrategy,
    IndexStrategy,
    LinkMode,
    Preferred,
    Prerelease,
)
from interlock.core.settings.name_set import EVERY, NameSet
from interlock.core.sources.source import Index, Registry, Source

__all__ = [
    "AuditExcuse",
    "AuditTable",
    "BuildSystem",
    "CatalogTable",
    "ConflictItem",
    "Dialect",
    "IncludeGroup",
    "Manifest",
    "ScopedOverride",
    "SourceRule",
    "ToolSettings",
    "WorkspaceTable",
    "pinned_indexes",
]


Dialect = Literal["interlock", "uv", "poetry", "standard"]


class BuildSystem(msgspec.Struct, frozen=True):
    """``[build-system]`` (PEP 518, 517); the PEP 517 default when the table is absent but the project is a package."""

    requires: tuple[str, ...] = ("setuptools>=40.8.0",)
    backend: str = "setuptools.build_meta:__legacy__"
    backend_path: tuple[str, ...] = ()


class IncludeGroup(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """``{include-group = "..."}`` (PEP 735)."""

    group: GroupName


class SourceRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One entry of a sources table: the source to use for a name, and when."""

    source: Source
    marker: str = ""
    extra: ExtraName | None = None
    group: GroupName | None = None
    editable: bool | None = None
    """For members and directories; None takes the default of the kind (member: editable, directory: not)."""
    workspace: bool = False
    """``source`` is the root of another workspace, and its member of that name is meant."""


class ConflictItem(msgspec.Struct, frozen=True):
    """One item of a declared conflict: a member, or one of its extras or groups."""

    member: NormalizedName
    extra: ExtraName | None = None
    group: GroupName | None = None

    @property
    def key(self) -> str:
        """As people write it and as a lock's markers test it: ``member``, ``member[extra]`` or ``member:group``."""
        return conflict_key(self.member, self.extra, self.group)

    @property
    def slot(self) -> Slot:
        return Slot(self.extra, self.group)

    @property
    def order(self) -> tuple[str, str, str]:
        """What items are sorted by."""
        return self.member, self.extra or "", self.group or ""


class ScopedOverride(msgspec.Struct, frozen=True, order=True):
    """What one package is said to ask for, whatever it says itself."""

    package: NormalizedName
    specifier: str
    """Of the versions it is about; empty: all."""
    requirements: tuple[Requirement, ...]
    """Each replaces what the package asks of that name, or is added."""


class AuditExcuse(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of ``[tool.interlock.audit] ignore``: a finding that the workspace lives with."""

    id: str
    """Of an advisory, or an alias."""
    package: NormalizedName
    """Empty: any."""
    reason: str
    until: str
    """The last day it holds for, ``YYYY-MM-DD``."""


class AuditTable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``[tool.interlock.audit]``."""

    advisories: tuple[str, ...] = ()
    """Paths relative to the root, and URLs, of OSV records."""
    ignore: tuple[AuditExcuse, ...] = ()


class CatalogTable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``catalog`` in ``[tool.interlock]``: in the root the ranges there are, in a member which of them it takes."""

    ranges: dict[str, dict[NormalizedName, str]] = {}
    """By catalog; the one without a name is called nothing."""
    every: bool = False
    """Every bare name takes its range, where there is one."""
    named: str = ""
    """Out of this catalog before the one without a name."""
    names: dict[NormalizedName, str] = {}
    """These names take a range, each out of the catalog that is named."""


class WorkspaceTable(msgspec.Struct, frozen=True):
    """``[tool.interlock.workspace]`` or ``[tool.uv.workspace]``."""

    members: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class ToolSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Resolution settings of a tool table; only the workspace root's count."""

    indexes: tuple[Index, ...] = ()
    index_strategy: IndexStrategy = "first-index"
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    environments: tuple[str, ...] = ()
    """Markers; the lock covers only environments that match one of them. Empty: all."""
    required_environments: tuple[str, ...] = ()
    conflicts: tuple[tuple[ConflictItem, ...], ...] = ()
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    scoped_overrides: tuple[ScopedOverride, ...] = ()
    excludes: tuple[NormalizedName, ...] = ()
    build_constraints: tuple[Requirement, ...] = ()
    prerelease: Prerelease = "if-necessary"
    prerelease_package: dict[NormalizedName, Prerelease] = {}
    """The same by package."""
    resolution: Preferred = "highest"
    fork_strategy: ForkStrategy = "requires-python"
    exclude_newer: str = ""
    """As written: an RFC 3339 timestamp, a date, or a duration."""
    exclude_newer_package: dict[NormalizedName, str] = {}
    """A timestamp per package, or ``""`` for no cutoff."""
    no_build: bool = False
    no_build_packages: tuple[NormalizedName, ...] = ()
    no_binary: bool = False
    no_binary_packages: tuple[NormalizedName, ...] = ()
    no_sources: bool = False
    no_sources_packages: tuple[NormalizedName, ...] = ()
    no_build_isolation: bool = False
    no_build_isolation_packages: tuple[NormalizedName, ...] = ()
    config_settings: dict[str, str | list[str]] = {}
    config_settings_package: dict[NormalizedName, dict[str, str | list[str]]] = {}
    extra_build_dependencies: dict[NormalizedName, tuple[Requirement, ...]] = {}
    dependency_metadata: tuple[dict[str, object], ...] = ()
    """Static metadata for packages (uv's ``dependency-metadata``), as written."""
    link_mode: LinkMode | Literal[""] = ""
    """Empty: the best that works."""
    env: Environments = "shared"
    add_bounds: Bounds | Literal[""] = ""
    """Empty: ``lower``."""
    required_version: str = ""
    service: str = ""
    """Address of the lock service."""
    build_cache: NamedBuildCache = NamedBuildCache()
    limits: dict[str, int] = {}
    """How much is taken from outside, by the names of :class:`interlock.core.settings.limits.Limits`; what is not
    there is as usual."""
    cache_keys: tuple[CacheKey, ...] = ()
    audit: AuditTable = AuditTable()

    @property
    def not_isolated(self) -> NameSet:
        """Packages that are built in the environment they are for."""
        return NameSet.of(self.no_build_isolation_packages, every=self.no_build_isolation)

    @property
    def sourceless(self) -> NameSet:
        """Names whose entries in sources tables do not count."""
        return EVERY if self.no_sources else NameSet.of(self.no_sources_packages)


_RESOLVED = frozenset({"dependencies", "optional-dependencies", "requires-python"})


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One ``pyproject.toml``."""

    path: str
    """Directory of the file, POSIX, relative to the workspace root; ``"."`` for the root itself."""
    name: NormalizedName | None
    """None when there is no ``[project]`` (a virtual root)."""
    display_name: str = ""
    version: str | None = None
    """None when dynamic or absent."""
    dynamic: frozenset[str] = frozenset()
    requires_python: str = ""
    """PEP 440 text; empty: any Python."""
    dependencies: tuple[Requirement, ...] = ()
    extras: dict[ExtraName, tuple[Requirement, ...]] = {}
    """``[project.optional-dependencies]``; self-references are still in it."""
    only_finals: frozenset[NormalizedName] = frozenset()
    """Packages of which no pre-release will do: Poetry's ``allow-prereleases = false``."""
    groups: dict[GroupName, tuple[Requirement | IncludeGroup, ...]] = {}
    """``[dependency-groups]`` and a dialect's own groups, includes not expanded."""
    group_problems: dict[GroupName, str] = {}
    """Groups that cannot be used, with the reason; an error only when one is asked for (PEP 735)."""
    group_requires_python: dict[GroupName, str] = {}
    optional_groups: frozenset[GroupName] = frozenset()
    """Poetry's ``optional = true`` groups: never installed by default."""
    default_groups: tuple[GroupName, ...] | None = None
    """None: the dialect's default (``dev`` if it exists); ``("all",)``: every group."""
    scripts: dict[str, str] = {}
    gui_scripts: dict[str, str] = {}
    entry_points: dict[str, dict[str, str]] = {}
    build_system: BuildSystem | None = None
    package: bool = True
    """Whether the project itself is built and installed; False for a virtual project."""
    sources: dict[NormalizedName, tuple[SourceRule, ...]] = {}
    workspace: WorkspaceTable | None = None
    settings: ToolSettings = ToolSettings()
    managed: bool = True
    """False when the project asked to be left alone (``managed = false``); it is then no member of any workspace."""
    catalog: CatalogTable = CatalogTable()
    kept: dict[str, object] = {}
    """Keys of ``[tool.interlock]`` that later commands read (``tasks``, ``publish``, ...), as written."""
    dialect: Dialect = "standard"
    """Whose tool table was read."""
    warnings: tuple[str, ...] = ()
    """Settings that were read but are not honoured, and the like; one sentence each."""

    @property
    def tool_table(self) -> tuple[str, str]:
        """Where settings of the project are written: in uv's table where it has that one."""
        return "tool", "uv" if self.dialect == "uv" else "interlock"

    @property
    def decisive_dynamic(self) -> frozenset[str]:
        """The dynamic fields (PEP 621) that a resolution depends on: a build has to tell them."""
        return self.dynamic & _RESOLVED

    def published(self) -> Iterator[Requirement]:
        """What a release of the project requires, of itself and of its extras."""
        return chain(self.dependencies, *self.extras.values())

    def every(self) -> Iterator[Requirement]:
        """All that the project asks for, its groups included as they are written."""
        entries = chain(*self.groups.values())
        return chain(self.published(), (entry for entry in entries if isinstance(entry, Requirement)))


def pinned_indexes(manifest: Manifest) -> frozenset[str]:
    """Names of the indexes that the manifest's sources pin packages to."""
    return frozenset(
        rule.source.index for rules in manifest.sources.values() for rule in rules if isinstance(rule.source, Registry)
    )
