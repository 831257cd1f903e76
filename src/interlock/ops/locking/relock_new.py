"""Making a lock by resolving what is new to it."""

from __future__ import annotations

import anyio.to_thread

from interlock.context import Context
from interlock.core.lock.freshness import Stale
from interlock.core.lock.model import Lock
from interlock.core.relock.partial_resolution import extend_lock, partial_problem
from interlock.core.resolver.problem import Problem
from interlock.ops.tools import open_toolchain
from interlock.resolution.hashes import fill_hashes
from interlock.resolution.reading import Reading
from interlock.resolution.resolve_at_once import resolve_at_once
from interlock.toolchain.toolchain import ToolchainOptions

__all__ = ["relock_new"]


async def relock_new(
    context: Context, reading: Reading, problem: Problem, old: Lock, reasons: tuple[Stale, ...]
) -> Lock | None:
    """Resolve only what is new to the lock; None when that is not all there is to do.

    Raises what the indexes raise.
    """
    small = partial_problem(old, problem, reasons)
    if small is None:
        return None
    async with open_toolchain(context, ToolchainOptions(tool=reading.tool)) as toolchain:
        made = await resolve_at_once(toolchain, small.problem, small.facts)
        if made is None:
            return None
        lock = await anyio.to_thread.run_sync(extend_lock, old, made, small, problem)
        return None if lock is None else await fill_hashes(toolchain.client, lock, old)
