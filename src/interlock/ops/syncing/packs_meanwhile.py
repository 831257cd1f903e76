"""A service's packs while an environment is filled, where there is a service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from interlock.core.plan.plan import Wanted
from interlock.toolchain.obtain import Obtainer
from interlock.toolchain.toolchain import Toolchain

__all__ = ["packs_meanwhile"]


@asynccontextmanager
async def packs_meanwhile(toolchain: Toolchain, obtainer: Obtainer, wanted: Iterable[Wanted]) -> AsyncIterator[None]:
    """Wheels that the store lacks come from the service while the block runs."""
    settings = toolchain.means.settings
    if not settings.service.url or settings.offline:
        yield
        return
    from interlock.service.remote_packs import RemotePacks  # noqa: PLC0415 - most commands know of no service

    async with RemotePacks(toolchain, obtainer).bringing(wanted):
        yield
