"""The event loop a command runs on: uvloop where it exists, cancelled cleanly by Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio

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
    """Cancel by a scope and never the task itself: what is shielded, a thread's work above all, is then waited for."""
    task = asyncio.current_task()
    assert task is not None
    received: list[int] = []
    with anyio.CancelScope() as scope:

        def stop(number: int) -> None:
            if received:
                # Somebody means it: waiting for what is shielded ends too.
                task.cancel()
            received.append(number)
            scope.cancel()

        with _handling(stop):
            try:
                return await work
            except asyncio.CancelledError:
                if len(received) > 1:
                    raise _reason(received) from None
                raise
    raise _reason(received)


def _reason(received: list[int]) -> KeyboardInterrupt:
    return Terminated() if signal.SIGTERM in received else KeyboardInterrupt()


@contextmanager
def _handling(stop: Callable[[int], None]) -> Iterator[None]:
    """Have the signals that end a program handled; asyncio's own way with SIGINT is all there is on Windows."""
    if sys.platform == "win32":
        yield
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
