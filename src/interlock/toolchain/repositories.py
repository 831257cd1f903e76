"""The repositories of a command, as its settings say."""

from __future__ import annotations

import anyio

from interlock.git.checkout import Checkouts
from interlock.git.command import GitCommand
from interlock.git.repository import Repositories
from interlock.means import Means

__all__ = ["open_checkouts"]

_AT_ONCE = 8


def open_checkouts(means: Means, *, refresh: bool) -> Checkouts:
    """Made once for a command: so many git processes run at a time, and a reference is asked about once."""
    git = GitCommand(means.environ, limiter=anyio.CapacityLimiter(_AT_ONCE))
    repositories = Repositories(means.layout, git, offline=means.settings.offline, refresh=refresh)
    return Checkouts(means.layout, git, repositories)
