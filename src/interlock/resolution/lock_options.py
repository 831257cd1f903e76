"""What making a lock can be asked for."""

from __future__ import annotations

import msgspec

from interlock.core.lock.pins import Pin
from interlock.core.names import NormalizedName

__all__ = ["LockOptions"]


class LockOptions(msgspec.Struct, frozen=True, kw_only=True):
    check: bool = False
    """Only say whether the lock is fresh: no network, no interpreter, nothing written."""
    upgrade: bool = False
    """Forget every locked version."""
    upgrade_packages: dict[NormalizedName, str] = {}
    """Names whose locked versions are forgotten, with the version wanted instead or empty text."""
    closure: bool = False
    """Let packages move that those upgraded do not need themselves."""
    pins: tuple[Pin, ...] = ()
    """Versions wished because another tool had locked them; what is locked already is not looked at then."""
    dry_run: bool = False
    """Resolve and show the difference, write nothing."""
