"""What each verb can be asked for, and what it answers, as values: surfaces make the former and show the latter."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.lock.diff import LockDiff
from interlock.core.lock.model import Lock
from interlock.core.lock.pins import Pin
from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Plan
from interlock.workspace.selection import SelectionFlags

__all__ = [
    "EnvironmentOutcome",
    "ExportOptions",
    "LockOptions",
    "LockOutcome",
    "RunOptions",
    "RunOutcome",
    "ShowOptions",
    "SyncOptions",
    "SyncOutcome",
    "TreeOptions",
]


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


class LockOutcome(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    changed: bool
    """Whether the bytes differ from what was there (with ``dry_run``: would differ)."""
    created: bool = False
    """There was no lock before."""
    lock: Lock
    diff: LockDiff = LockDiff()
    """What changed against the lock that was there; everything, when there was none."""
    reasons: tuple[str, ...] = ()
    """Why the old lock did not do, one sentence each; empty when it was fresh."""
    aloud: bool = False
    """Something was said of the workspace that is said each time."""


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


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    command: tuple[str, ...]
    """Program and arguments, or a module's name and arguments with ``module``."""
    module: bool = False
    sync: SyncOptions = SyncOptions(exact=False)
    no_sync: bool = False
    env_files: tuple[str, ...] = ()
    with_packages: tuple[str, ...] = ()
    """Requirements to have for this one run, beside what the lock says."""
    isolated: bool = False
    """In an environment of its own that is gone afterwards."""
    script: bool = False
    """What is to be run is a script, with or without metadata."""
    program: bytes | None = None
    """What standard input held, where that is the program (``-``)."""


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    exit_code: int
    """The child's, or 128 plus the number of the signal that ended it."""
    interrupted: bool = False
    """Whether what ended it was a signal to us."""


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    format: str = "pylock"
    """``pylock | requirements``"""
    output: str = ""
    """File to write, relative to the working directory; empty: hand back the text."""
    hashes: bool = True
    emit_project: bool = True
    emit_workspace: bool = True
    emit_local: bool = True
    omit_packages: tuple[NormalizedName, ...] = ()
    header: bool = True
    annotate: bool = True
    editable: bool = True
    frozen: bool = False
    locked: bool = False
    relock: LockOptions | None = None
    """Upgrade the lock first."""


class TreeOptions(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    roots: tuple[NormalizedName, ...] = ()
    """Packages to begin at; empty: the selected members."""
    depth: int | None = None
    invert: bool = False
    prune: tuple[NormalizedName, ...] = ()
    """Names not to show, nor what is below them."""
    repeat: bool = False
    """Show what is below a package each time it appears."""
    universal: bool = False
    """Show every fork, not only what applies to one environment."""
    duplicates: bool = False
    """Only packages that are locked in several versions."""


class ShowOptions(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    package: NormalizedName | None = None
    """None: list every package."""
    top_level: bool = False
    """Only what a member asks for itself."""
