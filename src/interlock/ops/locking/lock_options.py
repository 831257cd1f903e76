"""What ``interlock lock`` can be asked for."""

from __future__ import annotations

import msgspec

from interlock.core.lock.moves import Moves

__all__ = ["LockOptions"]


class LockOptions(msgspec.Struct, frozen=True, kw_only=True):
    check: bool = False
    """Only say whether the lock is fresh: no network, no interpreter, nothing written."""
    moves: Moves = Moves()
    """What may move besides what has to."""
    closure: bool = False
    """Let packages move that those upgraded do not need themselves."""
    dry_run: bool = False
    """Resolve and show the difference, write nothing."""
