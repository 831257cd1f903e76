"""What ``interlock sync`` can be asked for, and what it answers."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Plan
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.workspace.selection import SelectionFlags

__all__ = ["EnvironmentOutcome", "SyncOptions", "SyncOutcome"]


class SyncOptions(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    exact: bool = True
    """Remove what was not selected; ``install`` keeps it."""
    frozen: bool = False
    """Use the lock as it stands without looking whether it is fresh."""
    locked: bool = False
    """A lock that is not fresh is an error instead of being made anew."""
    dry_run: bool = False
    check: bool = False
    """Only say whether the environment is what the lock wants."""
    no_editable: bool = False
    no_editable_packages: tuple[NormalizedName, ...] = ()
    compile_bytecode: bool = False
    reinstall: bool = False
    reinstall_packages: tuple[NormalizedName, ...] = ()
    relock: LockOptions | None = None
    """Upgrade the lock first."""
    uninstall: tuple[NormalizedName, ...] = ()
    """Packages to remove although what is not selected is kept, as the lock holds them no more."""


class EnvironmentOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to one environment, or would be."""

    path: Path
    python: str
    """Version of its interpreter."""
    plan: Plan
    created: bool = False
    member: NormalizedName | None = None
    """Whose strict environment it is; None for the shared one."""


class SyncOutcome(msgspec.Struct, frozen=True, kw_only=True):
    environments: tuple[EnvironmentOutcome, ...]
    applied: bool = True
    """False with ``dry_run`` and ``check``."""
    lock: LockOutcome | None = None
    """Set when the lock was made anew on the way."""

    @property
    def in_sync(self) -> bool:
        return all(outcome.plan.is_empty and not outcome.created for outcome in self.environments)
