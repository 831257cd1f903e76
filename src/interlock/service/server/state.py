"""The state of a server: everything its routes stand on, complete when it is made.

Another configuration makes another state with routes of its own; requests that are under way keep the one they began
with.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import anyio.to_thread
import msgspec

from interlock.means import Means
from interlock.packs.signatures import Signer
from interlock.service.proxy.files import FileMeans
from interlock.service.proxy.proxy import Proxy, open_proxy
from interlock.service.server.configuration import Configuration
from interlock.service.server.log import Log
from interlock.service.server.metrics import Metrics
from interlock.service.server.proxying import proxy_options
from interlock.service.state.data_folder import DataFolder
from interlock.service.state.job_list import JobList
from interlock.service.state.pack_key import can_sign, pack_signer
from interlock.service.state.room import Room
from interlock.service.state.tokens import TokenStore
from interlock.store.layout import Layout

__all__ = ["Ending", "Foundation", "ServerState", "open_state"]

_BETWEEN_SWEEPS = 600.0
"""Seconds."""


class Ending:
    """Whether the service is about to end: the one thing about it that changes."""

    def __init__(self) -> None:
        self.begun = False

    def __repr__(self) -> str:
        return f"<Ending begun={self.begun}>"


class Foundation(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same whatever the configuration."""

    folder: DataFolder
    tokens: TokenStore
    jobs: JobList
    clock: Callable[[], float]
    """Seconds since 1970."""
    log: Log
    metrics: Metrics
    ending: Ending
    means: Means
    """What the command was started with: settings of the network, the machine's processors."""
    workers: int = 1
    """Processes that solve."""


class ServerState(Foundation, frozen=True, kw_only=True):
    configuration: Configuration
    proxy: Proxy
    room: Room
    pack_signer: Signer | None
    """None where what signing needs is not installed."""
    lifetime: AsyncExitStack
    """What the routes open is pushed here, and closed when the last request of this state has its answer."""


@asynccontextmanager
async def open_state(foundation: Foundation, configuration: Configuration) -> AsyncIterator[ServerState]:
    """Raises :class:`InterlockError` for a configuration that cannot be served."""
    layout = Layout(foundation.folder.store, foundation.means.layout.limits)
    options = proxy_options(configuration, foundation.folder, foundation.means)
    room = Room(foundation.folder, configuration.retention, foundation.clock)
    means = FileMeans(foundation.clock, room.take)
    signer = await anyio.to_thread.run_sync(pack_signer, foundation.folder) if can_sign() else None
    async with (
        open_proxy(options, layout, means) as proxy,
        AsyncExitStack() as lifetime,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_sweep, room, foundation)
        parts = msgspec.structs.asdict(foundation)
        yield ServerState(
            **parts, configuration=configuration, proxy=proxy, room=room, pack_signer=signer, lifetime=lifetime
        )
        tasks.cancel_scope.cancel()


async def _sweep(room: Room, foundation: Foundation) -> None:
    """Drop again and again what has not to be kept."""
    while True:
        freed = await anyio.to_thread.run_sync(room.sweep)
        foundation.metrics.kept.set(room.used)
        if freed.entries:
            foundation.log.event("swept", entries=freed.entries, bytes=freed.bytes)
        await anyio.sleep(_BETWEEN_SWEEPS)
