"""The answer for one fork: which candidate of each package was chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from interlock.core.markers.diagram import Marker, any_of
from interlock.core.resolver.incompatibility import PackageKey

__all__ = ["ForkSolution", "joined"]


class ForkSolution(NamedTuple):
    env: Marker
    """The environments this holds for, declared conflicts included."""
    chosen: dict[PackageKey, int]
    """Candidate position by package, extra and group; the root is in it."""


def joined(solutions: Sequence[ForkSolution], before: Iterable[Marker]) -> tuple[ForkSolution, ...]:
    """The solutions, with the parts of each fork that was there ``before`` as one where they chose nothing differently.

    On the way to what was chosen before, a fork may be split that needed no split; the next lock would have one more.
    """
    found = list(solutions)
    for fork in before:
        parts = [one for one in found if one.env.implies(fork)]
        chosen: dict[PackageKey, int] = {}
        for part in parts:
            chosen |= part.chosen
        if len(parts) > 1 and all(chosen[key] == position for part in parts for key, position in part.chosen.items()):
            found[found.index(parts[0])] = ForkSolution(any_of(part.env for part in parts), chosen)
            found = [one for one in found if one not in parts]
    return tuple(found)
