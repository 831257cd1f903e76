"""The state of a server: everything its routes stand on, complete when it is made.

Another configuration makes another state with routes of its own; requests that are under way keep the one they began
with.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

import msgspec

from interlock.means import Means
from interlock.service.server.configuration import Configuration
from interlock.service.server.log import Log
from interlock.service.server.metrics import Metrics
from interlock.service.state.data_folder import DataFolder
from interlock.service.state.tokens import TokenStore

__all__ = ["Ending", "ServerState"]


class Ending:
    """Whether the service is about to end: the one thing about it that changes."""

    def __init__(self) -> None:
        self.begun = False

    def __repr__(self) -> str:
        return f"<Ending begun={self.begun}>"


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    configuration: Configuration
    folder: DataFolder
    tokens: TokenStore
    clock: Callable[[], float]
    """Seconds since 1970."""
    log: Log
    metrics: Metrics
    ending: Ending
    lifetime: AsyncExitStack
    """What the routes open is pushed here, and closed when the last request of this state has its answer."""
    means: Means
    """What the command was started with: settings of the network, the machine's processors."""
    workers: int = 1
    """Processes that solve."""
