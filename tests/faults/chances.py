"""Faults of an index by chance: what happens to the n-th request of a path is decided by a seed and nothing else, so
that two tools that ask for the same meet the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from tests.index_server import Fault

__all__ = ["KINDS", "PASSING", "Chances", "Kind"]

Kind = Literal["reset", "cut", "long", "short", "stall", "busy", "down", "garbage", "flip", "drip"]
KINDS: tuple[Kind, ...] = ("reset", "cut", "long", "short", "stall", "busy", "down", "garbage", "flip", "drip")
PASSING = tuple(kind for kind in KINDS if kind not in {"short", "garbage", "flip"})
"""Those that HTTP itself tells from a right answer."""
_STALL = 2.5
"""Seconds; more than the tools are told to wait for a byte."""
_DRIP = 0.4


class Chances:
    """Draws a fault for ``rate`` of all requests."""

    def __init__(self, seed: int, rate: float, kinds: Sequence[Kind] = KINDS) -> None:
        self._seed = seed
        self._rate = rate
        self._kinds = kinds
        self._attempts: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        """Faults by kind."""

    def __repr__(self) -> str:
        return f"<Chances {self._rate:.0%} [{self.met.total()} met]>"

    def draw(self, path: str) -> Fault | None:
        """The fault of the next request of a path."""
        self._attempts[path] += 1
        chance = random.Random(f"{self._seed} {path} {self._attempts[path]}")
        if chance.random() >= self._rate:
            return None
        kind = chance.choice(self._kinds)
        if kind == "flip" and "/simple/" in path:
            # A page that is wrong and still one could not be told from a right one by anybody.
            kind = "garbage"
        self.met[kind] += 1
        return _fault(kind, path)


def _fault(kind: Kind, path: str) -> Fault:
    if kind == "busy":
        return Fault(where=path, kind="status", times=1, status=429, headers={"Retry-After": "1"})
    if kind == "down":
        return Fault(where=path, kind="status", times=1, status=503)
    seconds = {"stall": _STALL, "drip": _DRIP}.get(kind, 0.0)
    return Fault(where=path, kind=kind, times=1, seconds=seconds)
