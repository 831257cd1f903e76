"""What signals do to this process: one place, because a process has one answer to each.

Python's own answer to SIGINT, an exception wherever the program happens to be, is none that a program of many
libraries survives: one that is being loaded, or compiled code that calls back, may end in an error of its own or worse.
So a signal is handed to whoever waits for it; while nobody does there is nothing to clean up, and the process ends at
once.
"""

from __future__ import annotations

import atexit
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable
    from types import FrameType

    Deliver = Callable[[int], None]
else:
    import _signal as signal  # the same without enumerations, which take longer to load than all of `--version`

__all__ = ["ENDING", "Interrupted", "answer_at_once", "held_back", "is_ignored", "receiving", "suffer"]

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))
"""The signals that ask a command for its end."""

_receivers: list[tuple[frozenset[int], Deliver]] = []
"""The one that counts is last."""


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end, and everything that was under way was cancelled."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def answer_at_once() -> None:
    """Have an end while nobody waits for signals be quiet; for the whole life of a process."""
    if sys.platform != "win32":
        # Registered first and so called last, when all is done and Python takes its handlers away.
        atexit.register(_ignore)
        for number in ENDING:
            signal.signal(number, _received)


def _ignore() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


class receiving:  # noqa: N801 - it reads as a function, as one of contextlib does, which takes a while to load
    """Hand signals to ``deliver``, which is called in the main thread between two of its steps."""

    def __init__(self, numbers: Iterable[int], deliver: Deliver) -> None:
        self._entry = (frozenset(numbers), deliver)

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, _received) for number in sorted(self._entry[0])}
        _receivers.append(self._entry)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _receivers.remove(self._entry)


class held_back:  # noqa: N801 - as above
    """Finish what is short and must not be left half done; a signal that asked for the end meanwhile is heard then."""

    def __init__(self) -> None:
        self._received: list[int] = []
        self._receiving = receiving(() if sys.platform == "win32" else ENDING, self._received.append)

    def __enter__(self) -> None:
        self._receiving.__enter__()

    def __exit__(self, error: object, *more: object) -> None:
        self._receiving.__exit__()
        if self._received and error is None:
            os.kill(os.getpid(), self._received[0])


def suffer(number: int) -> None:
    """Let a signal do to us what it does by itself, and listen to it again when that is over."""
    handler = signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.signal(number, handler)


def is_ignored(number: int) -> bool:
    """Whether whoever started us wants the signal to be ignored (``nohup``)."""
    return signal.getsignal(number) is signal.SIG_IGN


def _received(number: int, frame: FrameType | None) -> None:
    del frame
    for numbers, deliver in reversed(_receivers):
        if number in numbers:
            deliver(number)
            return
    os.write(2, b"interrupted\n")
    os._exit(128 + number)
