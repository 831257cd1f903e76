"""The event loop a command runs on: uvloop where it exists, cancelled cleanly by Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio

from interlock.signals import ENDING, Interrupted, receiving

try:
    import uvloop
except ImportError:  # no wheel for this platform: asyncio's own loop does
    _new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None
else:
    _new_loop = uvloop.new_event_loop

__all__ = ["run_to_end"]


def run_to_end(work: Awaitable[int]) -> int:
    """Run one command to its exit code.

    Ctrl-C and SIGTERM cancel the command; :class:`Interrupted` is raised when its clean-up is done.
    """
    # A command makes hundreds of thousands of values that live until it ends: looking for garbage among them is waste.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    # Outside of the loop, so that no signal meets one that is being made or closed.
    stop = _Stop()
    with _listening(stop), asyncio.Runner(loop_factory=_new_loop) as runner:
        code = runner.run(_guarded(work, stop))
    if isinstance(code, Interrupted):
        raise code
    return code


class _Stop:
    """The wish to end, from whenever it comes."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self._begun: tuple[asyncio.AbstractEventLoop, asyncio.Task[object], anyio.CancelScope] | None = None

    def __repr__(self) -> str:
        return f"<_Stop {self.received}>"

    def begin(self, task: asyncio.Task[object], scope: anyio.CancelScope) -> None:
        """From now on there is something to cancel."""
        self._begun = (task.get_loop(), task, scope)
        if self.received:
            scope.cancel()

    def deliver(self, number: int) -> None:
        self.received.append(number)
        if self._begun is None:
            return
        loop, task, scope = self._begun
        if not loop.is_closed():
            # The second time somebody means it: waiting for what is shielded ends too.
            loop.call_soon_threadsafe(task.cancel if len(self.received) > 1 else scope.cancel)

    @property
    def reason(self) -> Interrupted:
        return Interrupted(signal.SIGTERM if signal.SIGTERM in self.received else self.received[0])


async def _guarded(work: Awaitable[int], stop: _Stop) -> int | Interrupted:
    """Cancel by a scope and never the task itself: what is shielded, a thread's work above all, is then waited for.

    What an interrupted command fails with is of no interest: a program it had started was interrupted with it.
    """
    task = asyncio.current_task()
    assert task is not None
    with anyio.CancelScope() as scope:
        stop.begin(task, scope)
        try:
            return await work
        except (Exception, asyncio.CancelledError) as error:
            if not stop.received or (isinstance(error, asyncio.CancelledError) and len(stop.received) == 1):
                raise
    return stop.reason


@contextmanager
def _listening(stop: _Stop) -> Iterator[None]:
    """Have the signals that end a program delivered; asyncio's own way with SIGINT is all there is on Windows."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    with receiving(ENDING, stop.deliver):
        yield
