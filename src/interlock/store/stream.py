"""Writing to a pipe, a device or an open descriptor that a path names, so that it can be cancelled at any moment."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import anyio
import anyio.lowlevel

__all__ = ["write_stream"]

_PAUSE = 0.02
_FLAGS = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


async def write_stream(path: Path, data: bytes) -> None:
    """Write everything, waiting for whoever reads. Raises :class:`BrokenPipeError` when nobody does any more."""
    handle = await _opened(path)
    try:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(handle, left) :]
            except BlockingIOError:
                await anyio.wait_writable(handle)
            await anyio.lowlevel.checkpoint()
    finally:
        os.close(handle)


async def _opened(path: Path) -> int:
    while True:
        try:
            return os.open(path, _FLAGS)
        except OSError as error:
            # A pipe that nobody reads yet.
            if error.errno != errno.ENXIO:
                raise
        await anyio.sleep(_PAUSE)
