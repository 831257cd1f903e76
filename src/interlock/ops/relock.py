"""Making a lock by resolving: the part of ``interlock lock`` that needs an index client and a solver."""

from __future__ import annotations

from interlock.core.lock.model import Lock, LockedPackage
from interlock.core.names import NormalizedName
from interlock.core.sources import Git
from interlock.workspace.direct import discover_direct
from interlock.workspace.dynamic import complete
from interlock.workspace.hashes import fill_hashes
from interlock.workspace.location import locator
from interlock.workspace.options import LockOptions
from interlock.workspace.prepared import Prepared, make_problem
from interlock.workspace.provisioning import provisioner
from interlock.workspace.resolve import resolve
from interlock.workspace.siblings import BuildSiblings
from interlock.workspace.toolchain import Toolchain

__all__ = ["relock"]


async def relock(prepared: Prepared, old: Lock | None, options: LockOptions) -> Lock:
    """Resolve a workspace; what ``old`` has is kept wherever it still fits.

    Raises :class:`~interlock.core.resolver.report.NoSolution`, and what the indexes and builds raise.
    """
    context, workspace = prepared.context, prepared.workspace
    base = None if options.upgrade else old
    async with Toolchain(context, provisioner, tool=prepared.tool) as toolchain:
        toolchain.siblings = BuildSiblings(prepared.workspace, prepared.tool)
        toolchain.refresh = options.upgrade
        asks = await complete(toolchain, workspace, prepared.asks)
        found = await discover_direct(
            toolchain, asks, root=workspace.root, locked=_locked_commits(base, options.upgrade_packages)
        )
        problem = make_problem(prepared, found.members, found.direct, base, options)
        made = await resolve(
            toolchain,
            problem,
            sourced=found.sourced,
            inputs=prepared.inputs,
            digests={member.name: member.inputs for member in prepared.current},
            old=old,
            locate=locator(workspace.root),
        )
        return await fill_hashes(toolchain.client, made, old)


def _locked_commits(old: Lock | None, upgrade: dict[NormalizedName, str]) -> frozenset[Git]:
    packages: tuple[LockedPackage, ...] = old.packages if old is not None else ()
    return frozenset(
        package.source for package in packages if isinstance(package.source, Git) and package.name not in upgrade
    )
