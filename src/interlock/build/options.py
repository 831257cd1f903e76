"""How things are built: what the user decided, and how much at once."""

from __future__ import annotations

import msgspec

from interlock.build.environment import BuildEnvironment
from interlock.core.names import NormalizedName
from interlock.core.settings.name_set import NO_NAMES, NameSet

__all__ = ["BuildLimits", "BuildOptions"]


class BuildLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much at once and how long."""

    concurrency: int = 4
    """Hooks that run at the same time."""
    timeout: float = 3600.0
    """Seconds one hook may take."""
    servers: int = 8
    """Interpreters kept ready while they have nothing to do."""
    fork: bool = True
    """False starts an interpreter for every call."""


class BuildOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user decided about builds."""

    interpreter: str = ""
    """Stands for the interpreter that builds (implementation, version, platform); part of every digest."""
    config_settings: dict[str, str | list[str]] = {}
    config_settings_package: dict[NormalizedName, dict[str, str | list[str]]] = {}
    extra_requires: dict[NormalizedName, tuple[str, ...]] = {}
    """Additional build requirements by package."""
    variables: dict[NormalizedName, dict[str, str]] = {}
    """Additional environment variables by package."""
    not_isolated: NameSet = NO_NAMES
    """Packages that are built in :attr:`shared`, where there is one, instead of an environment of their
    own."""
    shared: BuildEnvironment | None = None
    """The environment that they are for."""
    source_date_epoch: int | None = None
