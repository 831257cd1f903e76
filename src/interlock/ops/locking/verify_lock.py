"""``interlock debug verify-lock``: whether the lock is sound, by the manifests and what its packages say now."""

from __future__ import annotations

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.relock.commits import kept_commits
from interlock.core.soundness.check import check_soundness
from interlock.core.soundness.evidence import Evidence
from interlock.core.soundness.finding import Finding
from interlock.events import Warned
from interlock.ops.tools import open_toolchain, options_of
from interlock.resolution.direct import discover_direct
from interlock.resolution.dynamic import complete
from interlock.resolution.freshness import stale_reasons
from interlock.resolution.published import published
from interlock.resolution.reading import read_workspace
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import load_lock

__all__ = ["Verification", "verify_lock"]


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    members: int
    packages: int
    findings: tuple[Finding, ...]


async def verify_lock(context: Context) -> Verification:
    """Judge the lock as it is; nothing is resolved, and nothing written.

    Raises :class:`~interlock.errors.LockError` for a lock that cannot be read, and what indexes and builds raise.
    """
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    lock = await anyio.to_thread.run_sync(load_lock, workspace.root)
    here = context.within(workspace.settings)
    reading = await anyio.to_thread.run_sync(lambda: read_workspace(here.means, workspace, lock))
    for reason in stale_reasons(reading, lock):
        here.means.reporter.report(Warned("lock-outdated", f"The lock is not fresh: {reason}."))
    async with open_toolchain(here, options_of(workspace, reading.tool)) as toolchain:
        asks = await complete(toolchain, workspace, reading.asks)
        kept = kept_commits(lock, {})
        found = await discover_direct(toolchain, asks, root=workspace.root, limits=reading.limits, locked=kept)
        known = await published(toolchain.asking(found.indexes), lock, found.direct)
    evidence = Evidence(
        members=found.members,
        published=known,
        conflicts=reading.tool.conflicts,
        environments=reading.tool.environments,
        required_environments=reading.tool.required_environments,
        limits=found.limits,
        excludes=frozenset(reading.tool.excludes),
    )
    findings = await anyio.to_thread.run_sync(check_soundness, lock, evidence)
    return Verification(members=len(lock.members), packages=len(lock.packages), findings=findings)
