"""What became of a lock."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import msgspec

from interlock.core.lock.diff import LockDiff, diff
from interlock.core.lock.model import Lock
from interlock.workspace.fresh.stamp import Basis

__all__ = ["LockOutcome"]


class LockOutcome(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    path: Path
    changed: bool
    """Whether the bytes differ from what was there (with ``dry_run``: would differ)."""
    created: bool = False
    """There was no lock before."""
    lock: Lock
    old: Lock | None = None
    """What was there, if it was read and another lock was made."""
    pins: bool = False
    """The old lock is what both sides of a merge conflict share: pins, without members."""
    reasons: tuple[str, ...] = ()
    """Why the old lock did not do, one sentence each; empty when it was fresh."""
    aloud: bool = False
    """Something was said of the workspace that is said each time."""

    basis: Basis | None = None
    """What the lock rests on besides what is written in the workspace, if it was made of pages of indexes alone."""

    @cached_property
    def diff(self) -> LockDiff:
        """What changed against the lock that was there; everything, when there was none.

        Made when somebody reads it: a lock that is new is compared with nothing, and nobody is shown that.
        """
        if self.old is None and not self.created:
            return LockDiff()
        found = diff(self.old, self.lock)
        # Members of a lock that comes of pins are no news.
        return msgspec.structs.replace(found, members=()) if self.pins else found
