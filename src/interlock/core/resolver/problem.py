"""The problem: everything a resolution depends on besides what packages say about themselves."""

from __future__ import annotations

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.members.asks import Limits, MemberAsks
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.facts import Known
from interlock.core.settings.choices import ForkStrategy, Preferred, Prerelease
from interlock.core.settings.name_set import NO_NAMES, NameSet
from interlock.core.sources.source import Source

__all__ = ["DirectPackage", "Policy", "Preference", "Problem"]


class DirectPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package in its one version that a repository, an archive or a directory outside the workspace holds."""

    source: Source
    asks: MemberAsks
    version: str = ""
    """Empty for a directory whose version is dynamic."""
    extras: tuple[ExtraName, ...] = ()
    """Sorted."""
    artifact: Artifact | None = None
    """The archive, where it is one."""

    @property
    def name(self) -> NormalizedName:
        return self.asks.name

    @property
    def known(self) -> Known:
        """What it asks for, as the solver wants to know it."""
        return Known(
            requires=self.asks.dependencies,
            extras=frozenset(self.extras),
            requires_python=self.asks.requires_python,
        )


class Preference(msgspec.Struct, frozen=True):
    """A version wished because it was locked."""

    version: str
    source: Source
    markers: tuple[str, ...] = ()
    """Forks it was chosen in; empty: everywhere."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which candidates may be chosen, and in what order."""

    prerelease: Prerelease = "if-necessary"
    prerelease_packages: dict[NormalizedName, Prerelease] = {}
    """Per package: its own rule."""
    resolution: Preferred = "highest"
    fork_strategy: ForkStrategy = "requires-python"
    cutoff: str = ""
    """Files uploaded at or after this timestamp do not exist; empty: no cutoff."""
    cutoff_packages: dict[NormalizedName, str] = {}
    """Per package: its own cutoff, ``""`` for none."""
    no_build: NameSet = NO_NAMES
    """Whose sdists do not count."""
    no_binary: NameSet = NO_NAMES
    """Whose wheels do not count."""

    def rules_out_builds(self, name: NormalizedName) -> bool:
        return self.no_build.rules(name, against=self.no_binary)

    def rules_out_wheels(self, name: NormalizedName) -> bool:
        return self.no_binary.rules(name, against=self.no_build)

    def prerelease_of(self, name: NormalizedName) -> Prerelease:
        return self.prerelease_packages.get(name, self.prerelease)

    def cutoff_of(self, name: NormalizedName) -> str:
        return self.cutoff_packages.get(name, self.cutoff)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[MemberAsks, ...]
    """Sorted by name."""
    direct: tuple[DirectPackage, ...] = ()
    """What comes from repositories, archives and directories outside the workspace, learned before solving; sorted by
    name and source, each pair once."""
    environments: tuple[str, ...] = ()
    required_environments: tuple[str, ...] = ()
    conflicts: tuple[tuple[ConflictItem, ...], ...] = ()
    limits: Limits = Limits()
    wishes: tuple[Requirement, ...] = ()
    """Those of the constraints that hold for this one resolution because somebody asked for these versions."""
    excludes: frozenset[NormalizedName] = frozenset()
    policy: Policy = Policy()
    preferences: dict[NormalizedName, tuple[Preference, ...]] = {}
    forks: tuple[str, ...] = ()
    """Fork markers of the previous lock; empty on the first resolution and on an upgrade."""
