"""What became of a lock."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.lock.diff import LockDiff
from interlock.core.lock.model import Lock

__all__ = ["LockOutcome"]


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
