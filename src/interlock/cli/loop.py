"""The event loop a command runs on: uvloop where it exists, cancelled cleanly by Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable

try:
    import uvloop
except ImportError:  # no wheel for this platform: asyncio's own loop does
    _new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None
else:
    _new_loop = uvloop.new_event_loop

__all__ = ["Terminated", "run_to_end"]


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived and everything under way was cancelled."""

    exit_code = 128 + signal.SIGTERM


def run_to_end(work: Awaitable[int]) -> int:
    """Run one command to its exit code.

    Ctrl-C cancels the command and raises KeyboardInterrupt when its clean-up is done; SIGTERM does the same and raises
    :class:`Terminated`.
    """
    # A command makes hundreds of thousands of values that live until it ends: looking for garbage among them is waste.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(_guarded(work))


async def _guarded(work: Awaitable[int]) -> int:
    task = asyncio.current_task()
    assert task is not None
    asked_to_stop = False

    def stop() -> None:
        nonlocal asked_to_stop
        asked_to_stop = True
        task.cancel()

    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    try:
        return await work
    except asyncio.CancelledError:
        if asked_to_stop:
            raise Terminated from None
        raise
