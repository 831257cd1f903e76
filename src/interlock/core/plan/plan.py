"""Plans: what has to happen to an environment, decided before anything is touched."""

from __future__ import annotations

from typing import Literal

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.sources.source import Source

__all__ = ["Installed", "Plan", "Reason", "Step", "Wanted"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution that the lock wants in an environment."""

    name: NormalizedName
    version: str
    """Empty when only a build can tell (dynamic version of a source tree)."""
    source: Source
    artifact: Artifact | None = None
    """The file chosen for this environment; None for a source tree (member, directory, git)."""
    editable: bool = False
    extras: tuple[ExtraName, ...] = ()
    digest: str = ""
    """For source trees: digest of the inputs of the build, empty when unknown. Stored in the environment, so that an
    unchanged tree is recognised without building it."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution that is in an environment."""

    name: NormalizedName
    version: str
    dist_info: str
    """Directory name of its ``.dist-info`` (or ``.egg-info``)."""
    installer: str = ""
    origin: str = ""
    """``direct_url.json`` as canonical JSON text, empty for a registry package."""
    digest: str = ""
    """What :attr:`Wanted.digest` was when we installed it."""
    editable: bool = False
    requested: bool = False


Reason = Literal["missing", "version", "source", "changed", "reinstall"]
"""Why a distribution is installed."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Install ``wanted``, replacing ``replaces`` when that is not None."""

    wanted: Wanted
    replaces: Installed | None = None
    reason: Reason = "missing"


class Plan(msgspec.Struct, frozen=True):
    install: tuple[Step, ...] = ()
    remove: tuple[Installed, ...] = ()
    keep: tuple[Installed, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.install and not self.remove
