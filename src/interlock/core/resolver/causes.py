"""What a failure rests on: the facts at the ends of its derivation, and their markers."""

from __future__ import annotations

from interlock.core.markers.diagram import Marker
from interlock.core.names import NormalizedName
from interlock.core.resolver.incompatibility import Derived, Incompatibility, Reason, Rejected

__all__ = ["leaves", "markers", "rejected", "steps"]


def steps(cause: Incompatibility) -> list[Incompatibility]:
    """The whole derivation, nearest to the conclusion first."""
    found: list[Incompatibility] = []
    seen: set[int] = set()
    queue = [cause]
    for incompatibility in queue:
        if id(incompatibility) in seen:
            continue
        seen.add(id(incompatibility))
        found.append(incompatibility)
        if isinstance(incompatibility.cause, Derived):
            queue.extend((incompatibility.cause.left, incompatibility.cause.right))
    return found


def leaves(cause: Incompatibility) -> list[Incompatibility]:
    """The facts a failure is derived from, nearest to the conclusion first."""
    return [found for found in steps(cause) if not isinstance(found.cause, Derived)]


def markers(cause: Incompatibility) -> list[Marker]:
    """Markers of the requirements behind a failure, nearest to the conclusion first."""
    return list(dict.fromkeys(leaf.marker for leaf in leaves(cause) if leaf.marker is not None))


def rejected(cause: Incompatibility, why: Reason) -> list[tuple[NormalizedName, int]]:
    """The candidates behind a failure that were rejected for a reason."""
    return [
        (reason.key.name, position)
        for leaf in leaves(cause)
        if isinstance(reason := leaf.cause, Rejected) and reason.reason == why
        for _, mask in leaf.terms
        for position in range(mask.bit_length() - 1)
        if mask >> (position + 1) & 1
    ]
