"""The process that solves: jobs come in on standard input, their frames go out on standard output.

A job is its length in eight bytes and a :class:`~interlock.service.jobs.work.Work`; a frame is a line. The process
ends when its input does. It solves one job at a time, and whoever started it ends it to cancel one.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib.util import find_spec
from typing import BinaryIO

import anyio
import msgspec

from interlock.service.jobs.answering import answer_work
from interlock.service.jobs.work import Work

__all__ = ["LENGTH", "main"]

_HAS_UVLOOP = find_spec("uvloop") is not None

LENGTH = 8
_NICE = 5


def main() -> None:
    """Serve until nobody asks any more."""
    gc.freeze()
    if hasattr(os, "nice"):
        # Whoever tells clients that they are waited for goes first.
        os.nice(_NICE)
    _serve(sys.stdin.buffer, sys.stdout.buffer)


def _serve(source: BinaryIO, target: BinaryIO) -> None:
    works = msgspec.msgpack.Decoder(Work)

    def emit(line: bytes) -> None:
        try:
            target.write(line + b"\n")
            target.flush()
        except BrokenPipeError:
            # Whoever started it is gone, and with it everybody who wanted to know.
            os._exit(0)

    while length := source.read(LENGTH):
        data = source.read(int.from_bytes(length, "big"))
        anyio.run(answer_work, works.decode(data), emit, backend_options={"use_uvloop": _HAS_UVLOOP})


if __name__ == "__main__":
    main()
