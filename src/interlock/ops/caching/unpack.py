"""``interlock cache unpack``: from a pack into the store, as far as the lock vouches for it."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread

from interlock.context import Context
from interlock.core.lock.model import Lock
from interlock.packs.reading import open_pack
from interlock.packs.unpacking import Unpacked, unpack
from interlock.store.layout import Layout
from interlock.store.usage import using
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import load_lock

__all__ = ["unpack_file"]


async def unpack_file(context: Context, path: Path) -> Unpacked:
    """Needs no index and no interpreter.

    Raises :class:`~interlock.packs.refusals.BadPack` with the store as it was, and for a missing lock.
    """
    layout, jobs = context.means.layout, context.means.settings.concurrent_installs

    def work() -> Unpacked:
        lock = load_lock(discover(context.place.start, layout=layout).root)
        return _unpack(layout, path, lock, jobs)

    async with using(layout):
        return await anyio.to_thread.run_sync(work)


def _unpack(layout: Layout, path: Path, lock: Lock, jobs: int) -> Unpacked:
    names = {artifact.sha256: artifact.filename for package in lock.packages for artifact in package.artifacts}
    with open_pack(path, layout.limits) as opened:
        return unpack(opened, layout, names, jobs=max(1, jobs))
