"""The bytes of a pack, any part of them, from files that are here and files that are on their way."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import anyio.to_thread

from interlock.service.packs.forms import HEAD
from interlock.service.packs.plans import Part, Plan
from interlock.service.proxy.files import Files

__all__ = ["pack_bytes"]

_AT_ONCE = 256 << 10
_AHEAD = 4
"""Files that are fetched before they are sent."""


async def pack_bytes(plan: Plan, files: Files, start: int, stop: int) -> AsyncGenerator[bytes]:
    """From one place of the pack to another. Raises what keeps a file from coming."""
    head = len(plan.head)
    if start < head:
        yield plan.head[start:stop]
    begin, end = max(0, start - head), stop - head
    first = max(0, bisect_right(plan.parts, begin, key=lambda part: part.entry.offset) - 1)
    for number in range(first, len(plan.parts)):
        entry = plan.parts[number].entry
        if entry.offset >= end:
            return
        for part in plan.parts[number : number + _AHEAD]:
            if part.entry.offset < end and not part.path and files.stored(part.located) is None:
                files.arrival(part.located)
        wanted = max(0, begin - entry.offset), min(entry.length, end - entry.offset)
        async with aclosing(_frame(plan.parts[number], files, *wanted)) as pieces:
            async for piece in pieces:
                yield piece


async def _frame(part: Part, files: Files, start: int, stop: int) -> AsyncGenerator[bytes]:
    path = Path(part.path) if part.path else files.stored(part.located)
    if part.path:
        start, stop = start + HEAD, stop + HEAD
    if path is None:
        async with aclosing(files.arrival(part.located).read(start, stop)) as pieces:
            async for piece in pieces:
                yield piece
        return
    handle = await anyio.to_thread.run_sync(_open, path)
    try:
        while start < stop:
            piece = await anyio.to_thread.run_sync(os.pread, handle, min(_AT_ONCE, stop - start), start)
            if not piece:
                return
            start += len(piece)
            yield piece
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
