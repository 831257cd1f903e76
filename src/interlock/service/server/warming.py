"""Filling a data folder with what a lock names, also while its service runs."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from interlock.core.lock.model import Lock
from interlock.means import Means
from interlock.service.proxy.files import FileMeans
from interlock.service.proxy.proxy import open_proxy
from interlock.service.proxy.warm import Warmed, warm
from interlock.service.server.configuration import Configuration
from interlock.service.server.proxying import proxy_options
from interlock.service.state.data_folder import DataFolder
from interlock.service.state.room import Room
from interlock.store.layout import Layout

__all__ = ["Filling", "fill"]


class Filling(msgspec.Struct, frozen=True, kw_only=True):
    """What is filled, and by what."""

    folder: DataFolder
    configuration: Configuration
    means: Means
    clock: Callable[[], float]
    """Seconds since 1970."""


async def fill(filling: Filling, lock: Lock, progress: Callable[[str], None]) -> Warmed:
    """Within the room that the configuration gives. ``progress`` is told the name of each file that is done."""
    folder, means = filling.folder, filling.means
    room = Room(folder, filling.configuration.retention, filling.clock)
    options = proxy_options(filling.configuration, folder, means)
    layout = Layout(folder.store, means.layout.limits)
    async with open_proxy(options, layout, FileMeans(filling.clock, room.take)) as proxy:
        return await warm(proxy, lock, progress=progress)
