"""A folder that a command makes as a whole: made beside its place, and put there at once.

One process at a time does so for a place, so that what lies beside it when the next one comes was left by a killed one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.store.folders import put_folder, put_folder_back
from interlock.store.locks import hold
from interlock.workspace.guards import output_guard

__all__ = ["made_beside", "put_output"]


@asynccontextmanager
async def made_beside(output: Path) -> AsyncIterator[Path]:
    """A free path to make the folder at; what is there at the end, finished or not, is deleted.

    An output that a killed process had put aside is in its place again before the block begins.
    """
    async with hold(output_guard(output), passing=True):
        await anyio.to_thread.run_sync(_clear, output)
        try:
            yield _new(output)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_clear, output)


def put_output(output: Path) -> None:
    """Put what was made in its place; blocking. An earlier output is there until it is."""
    put_folder(_new(output), output, _old(output))


def _new(output: Path) -> Path:
    return output.with_name(f".{output.name}.interlock-new")


def _old(output: Path) -> Path:
    return output.with_name(f".{output.name}.interlock-old")


def _clear(output: Path) -> None:
    put_folder_back(output, _old(output))
    for path in (_new(output), _old(output)):
        if os.path.lexists(path):
            shutil.rmtree(path, ignore_errors=True)
