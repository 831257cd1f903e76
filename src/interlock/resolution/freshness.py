"""Whether a lock is what would be made now, told without resolving."""

from __future__ import annotations

from interlock.core.lock.freshness import LockOutdated, Stale, compare
from interlock.core.lock.model import Lock
from interlock.core.lock.moves import Moves
from interlock.resolution.reading import Reading

__all__ = ["refuse_outdated", "stale_reasons"]


def stale_reasons(reading: Reading, old: Lock) -> tuple[Stale, ...]:
    """What the manifests say that the lock was not made from; empty when it is up to date."""
    return compare(old, reading.current, reading.inputs, absent=reading.absent)


def refuse_outdated(reading: Reading, old: Lock) -> None:
    """Raise :class:`LockOutdated` for a lock that does not answer the manifests.

    It may answer them as it is though it was made from something else, as when a bound was widened.
    """
    reasons = stale_reasons(reading, old)
    if reasons and not _still_answers(reading, old, reasons):
        raise LockOutdated(reasons)


def _still_answers(reading: Reading, old: Lock, reasons: tuple[Stale, ...]) -> bool:
    """Whether resolving would find the same again, for the manifests as they are."""
    # A fresh lock needs nothing that solves.
    from interlock.core.relock.edge_update import update_edges  # noqa: PLC0415
    from interlock.resolution.problem import is_plain, make_problem  # noqa: PLC0415

    if not is_plain(reading):
        return False
    problem = make_problem(reading, reading.asks, old, Moves())
    return update_edges(old, problem, reasons) == old
