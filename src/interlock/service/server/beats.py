"""Documents that take their time, behind line feeds that tell that somebody works on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from interlock.service.protocol import BEAT_EVERY

__all__ = ["with_beats"]


async def with_beats(work: Coroutine[Any, Any, bytes]) -> AsyncGenerator[bytes]:
    """An answer that shows, while it is made, that somebody is there."""
    task = asyncio.ensure_future(work)
    try:
        yield b"\n"
        while not (await asyncio.wait({task}, timeout=BEAT_EVERY))[0]:
            yield b"\n"
        yield task.result()
    finally:
        task.cancel()
