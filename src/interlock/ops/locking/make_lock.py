"""Making a lock that answers what the manifests ask now, with as little work as that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
from msgspec.structs import replace

from interlock.context import Context
from interlock.core.lock.freshness import with_digests
from interlock.core.lock.model import Lock
from interlock.core.lock.moves import Moves
from interlock.core.members.narrowing import narrow
from interlock.events import Warned
from interlock.means import Means
from interlock.resolution.freshness import stale_reasons
from interlock.resolution.problem import is_plain, make_problem
from interlock.resolution.reading import Reading
from interlock.resolution.trees import tree_digests
from interlock.workspace.fresh.stamp import Basis
from interlock.workspace.members import Workspace

if TYPE_CHECKING:
    from interlock.resolution.resolve import Resolve

__all__ = ["make_lock"]


async def make_lock(
    context: Context, reading: Reading, old: Lock | None, moves: Moves, resolve: Resolve | None = None
) -> tuple[Lock, Basis | None]:
    """The lock of a workspace, and what it rests on if that is to be told; ``old`` is what its versions are kept from.

    Edges are updated where that will do, else what is new is resolved alone, else everything is: that ``resolve`` does,
    by default a service where one is configured, and else the tools of this command. Raises what resolving, the indexes
    and builds raise.
    """
    made, basis = None, None
    # What both sides of a merge conflict share is no lock to go on from: it has no members.
    if old is not None and old.members and not moves.are_asked_for:
        made = await _with_what_is_new(context, reading, old, moves)
    if made is None:
        # Solvers, indexes and builds are loaded only when something has to be resolved.
        from interlock.ops.locking.relock import relock  # noqa: PLC0415

        relocked = await relock(context, reading, old, moves, resolve or _service(context.means))
        made, basis = relocked.lock, relocked.basis
    return await _with_trees(reading.workspace, with_digests(made, reading.current)), basis


def _service(means: Means) -> Resolve | None:
    """Who answers in place of this command, when somebody does."""
    service = means.settings.service
    if service.not_approved:
        text = (
            f"The service {service.not_approved} was not asked: the workspace names it, and nobody on this machine has"
            f" approved it (`interlock config approved-services {service.not_approved}` does)."
        )
        means.reporter.report(Warned("service-not-approved", text))
    if not service.url or means.settings.offline:
        return None
    from interlock.service.client import RemoteResolver  # noqa: PLC0415 - most commands know of no service

    return RemoteResolver(means)


async def _with_what_is_new(context: Context, reading: Reading, old: Lock, moves: Moves) -> Lock | None:
    """The lock made without resolving what is locked, where that can be done; else None."""
    reasons = stale_reasons(reading, old)
    if not is_plain(reading) or narrow(reading.asks, reading.tool.environments).impossible:
        return None
    # What changes edges knows how they are found, and a lock that is made anew needs neither.
    from interlock.core.relock.edge_update import update_edges  # noqa: PLC0415

    problem = make_problem(reading, reading.asks, old, moves)
    made = await anyio.to_thread.run_sync(update_edges, old, problem, reasons)
    if made is None:
        from interlock.ops.locking.relock_new import relock_new  # noqa: PLC0415

        made = await relock_new(context, reading, problem, old, reasons)
    return made


async def _with_trees(workspace: Workspace, lock: Lock) -> Lock:
    trees = await anyio.to_thread.run_sync(tree_digests, workspace, lock)
    return lock if trees == lock.inputs.trees else replace(lock, inputs=replace(lock.inputs, trees=trees))
