"""What the solver says after a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from interlock.core.names import NormalizedName

if TYPE_CHECKING:
    from interlock.core.resolver.incompatibility import Incompatibility
    from interlock.core.resolver.resolution import ForkSolution

__all__ = ["Needs", "Solved", "Unsolvable"]


class Needs(msgspec.Struct, frozen=True):
    """Facts that must be known before the next step."""

    universes: tuple[NormalizedName, ...] = ()
    dependencies: tuple[tuple[NormalizedName, int], ...] = ()


class Solved:
    """Every fork has a solution."""

    __slots__ = ("forks",)

    def __init__(self, forks: tuple[ForkSolution, ...]) -> None:
        self.forks = forks


class Unsolvable:
    """One fork has no solution; the root of its derivation graph is the explanation."""

    __slots__ = ("cause", "marker")

    def __init__(self, cause: Incompatibility, marker: str) -> None:
        self.cause = cause
        self.marker = marker
        """The environments concerned, as marker text; empty for all."""
