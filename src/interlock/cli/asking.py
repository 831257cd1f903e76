"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from interlock.errors import InterlockError

__all__ = ["answering", "ask"]


@contextmanager
def answering() -> Iterator[None]:
    """Let Ctrl-C end the wait for an answer: the loop's own handler would only hear of it once there is one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def ask(screen: TextIO, question: str, default: str = "", *, refuse: Callable[[str], None] | None = None) -> str:
    """An answer, or the default for an empty one.

    ``refuse`` raises for an answer that cannot be; the reason is told and the question asked again. Raises
    :class:`KeyboardInterrupt` for Ctrl-C and Ctrl-D, and what ``refuse`` raises when there is no more input.
    """
    shown = f" [{default}]" if default else ""
    while True:
        with answering():
            screen.write(f"{question}{shown}: ")
            screen.flush()
            line = sys.stdin.readline()
        if not line and sys.stdin.isatty():
            screen.write("\n")
            raise KeyboardInterrupt
        answer = line.strip() or default
        try:
            if refuse is not None:
                refuse(answer)
        except InterlockError as error:
            if not line:
                raise
            screen.write(f"  {' '.join(filter(None, (error.message, error.hint)))}\n")
        else:
            return answer
