"""The answer for one fork: which candidate of each package was chosen."""

from __future__ import annotations

from typing import NamedTuple

from interlock.core.markers.diagram import Marker
from interlock.core.resolver.incompatibility import PackageKey

__all__ = ["ForkSolution"]


class ForkSolution(NamedTuple):
    env: Marker
    """The environments this holds for, declared conflicts included."""
    chosen: dict[PackageKey, int]
    """Candidate position by package, extra and group; the root is in it."""
