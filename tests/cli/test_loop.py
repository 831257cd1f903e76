"""How a command ends when somebody asks it to: after what is shielded, once, and at once the second time."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import anyio
import anyio.to_thread
import pytest

from interlock.cli.loop import run_to_end
from interlock.signals import Interrupted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def signal_after(seconds: float, number: int = signal.SIGINT) -> threading.Timer:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), number))
    timer.start()
    return timer


def test_a_thread_at_work_is_waited_for() -> None:
    told: list[str] = []

    def work() -> None:
        time.sleep(0.4)
        told.append("worked")

    async def command() -> int:
        try:
            await anyio.to_thread.run_sync(work)
            await anyio.sleep(5)
        finally:
            told.append("cleaned up")
        return 0

    timer = signal_after(0.1)
    with pytest.raises(KeyboardInterrupt):
        run_to_end(command())
    timer.join()
    assert told == ["worked", "cleaned up"]


def test_sigterm_has_an_exception_of_its_own() -> None:
    timer = signal_after(0.1, signal.SIGTERM)
    with pytest.raises(Interrupted) as caught:
        run_to_end(_sleep(5))
    timer.join()
    assert caught.value.exit_code == 143


async def _sleep(seconds: float) -> int:
    await anyio.sleep(seconds)
    return 0


def test_what_is_shielded_ends_and_a_result_is_a_result() -> None:
    async def command() -> int:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.3)
        return 7

    timer = signal_after(0.1)
    assert run_to_end(command()) == 7
    timer.join()


def test_a_second_signal_does_not_wait() -> None:
    async def command() -> int:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(10)
        return 0

    begun = time.monotonic()
    timers = [signal_after(0.1), signal_after(0.3)]
    with pytest.raises(KeyboardInterrupt):
        run_to_end(command())
    for timer in timers:
        timer.join()
    assert time.monotonic() - begun < 5


def test_errors_come_out_as_they_are() -> None:
    async def command() -> int:
        raise LookupError("as it is")

    with pytest.raises(LookupError, match="as it is"):
        run_to_end(command())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
