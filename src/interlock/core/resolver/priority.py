"""Which package is decided next (any order is correct; the order decides speed and which version gives way)."""

from __future__ import annotations

import heapq

from interlock.core.names import NormalizedName
from interlock.core.resolver.incompatibility import ABSENT, Incompatibility
from interlock.core.resolver.solution import Solution

__all__ = ["Priorities"]

_ROOT, _DIRECT, _PINNED, _EARLY, _LATE, _PLAIN = range(6)
_THRESHOLD = 5
"""Conflicts after which a package changes its place in the order."""

_Entry = tuple[int, int, int]


class Priorities:
    """Packages that must be selected but are not decided yet.

    Direct sources come first, then packages pinned to one version, then those that were often the victim of a conflict,
    then those that often caused one, then the rest; within a class by first appearance. A package never moves back.
    """

    __slots__ = ("_affected", "_class", "_culprit", "_heap", "_names", "_order")

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._names: dict[NormalizedName, int] = {}
        self._class: list[int] = []
        """Class by name number."""
        self._order: dict[int, int] = {0: -1}
        """Package to the number of its name."""
        self._affected: dict[int, int] = {}
        self._culprit: dict[int, int] = {}

    def clone(self) -> Priorities:
        copy = Priorities()
        copy._heap = self._heap.copy()
        copy._names = self._names.copy()
        copy._class = self._class.copy()
        copy._order = self._order.copy()
        copy._affected = self._affected.copy()
        copy._culprit = self._culprit.copy()
        return copy

    def saw(self, package: int, name: NormalizedName, *, pinned: bool, direct: bool) -> None:
        """Note a requirement on a package; all packages of a name share its place."""
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._class)
            self._class.append(_PLAIN)
        self._order[package] = number
        wanted = _DIRECT if direct else _PINNED if pinned else _PLAIN
        if wanted < self._class[number]:
            self._class[number] = wanted
            self._push_name(number)

    def _push_name(self, number: int) -> None:
        for package, of in self._order.items():
            if of == number:
                self.push(package)

    def push(self, package: int) -> None:
        """Put a package into the queue; it is skipped when popped if there is nothing to decide."""
        heapq.heappush(self._heap, self._entry(package))

    def _entry(self, package: int) -> _Entry:
        number = self._order.get(package, -1)
        return (self._class[number] if number >= 0 else _ROOT, number, package)

    def pop(self, solution: Solution) -> int | None:
        """The next package to decide, or None when all are."""
        heap, masks, decided = self._heap, solution.masks, solution.decided
        while heap:
            entry = heapq.heappop(heap)
            package = entry[2]
            if package not in decided and not masks[package] & ABSENT and entry == self._entry(package):
                return package
        return None

    def record(self, solution: Solution, conflict: Incompatibility, level: int) -> int:
        """Count a conflict; returns the level to go back to when the order changed because of it.

        The package decided last is the affected one, the others of the conflict are culprits. A package that was often
        affected is decided earlier from now on, and the search goes back to before the culprit was decided.
        """
        last = next((entry[0] for entry in reversed(solution.trail) if entry[4] is None), None)
        if last is None:
            return level
        affected = self._order.get(last, -1)
        if affected < 0:
            return level
        self._affected[affected] = self._affected.get(affected, 0) + 1
        target = level
        for package, _ in conflict.terms:
            number = self._order.get(package, -1)
            if number < 0 or number == affected:
                continue
            count = self._culprit[number] = self._culprit.get(number, 0) + 1
            if count == _THRESHOLD and self._class[number] == _PLAIN:
                self._class[number] = _LATE
                self._push_name(number)
                target = min(target, self._level_before(solution, number, target))
        if self._affected[affected] == _THRESHOLD and self._class[affected] > _EARLY:
            self._class[affected] = _EARLY
            self._push_name(affected)
        return target

    def _level_before(self, solution: Solution, number: int, level: int) -> int:
        for package, _, _, at, cause in solution.trail:
            if cause is None and self._order.get(package, -1) == number:
                return max(at - 1, 0)
        return level
