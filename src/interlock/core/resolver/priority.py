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

    __slots__ = ("_affected", "_against", "_class", "_culprit", "_heap", "_names", "_order", "_packages")

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._names: dict[NormalizedName, int] = {}
        self._class: list[int] = []
        """Class by name number."""
        self._order: dict[int, int] = {0: -1}
        """Package to the number of its name."""
        self._packages: list[tuple[int, ...]] = []
        """The packages of a name, by its number."""
        self._affected: dict[int, int] = {}
        self._against: dict[int, frozenset[int]] = {}
        """By the number of an affected name: those that stood in its way so far."""
        self._culprit: dict[int, int] = {}

    def clone(self) -> Priorities:
        copy = Priorities()
        copy._heap = self._heap.copy()
        copy._names = self._names.copy()
        copy._class = self._class.copy()
        copy._order = self._order.copy()
        copy._packages = self._packages.copy()
        copy._affected = self._affected.copy()
        copy._against = self._against.copy()
        copy._culprit = self._culprit.copy()
        return copy

    def saw(self, package: int, name: NormalizedName, *, pinned: bool, direct: bool) -> None:
        """Note a requirement on a package; all packages of a name share its place."""
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._class)
            self._class.append(_PLAIN)
            self._packages.append(())
        if package not in self._order:
            self._order[package] = number
            self._packages[number] += (package,)
        wanted = _DIRECT if direct else _PINNED if pinned else _PLAIN
        # Being pinned by somebody does not bring back what was put off for standing in the way of others.
        if wanted < self._class[number] and (wanted, self._class[number]) != (_PINNED, _LATE):
            self._class[number] = wanted
            self._push_name(number)

    def _push_name(self, number: int) -> None:
        for package in self._packages[number]:
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

    def record(self, solution: Solution, affected: int, conflict: Incompatibility) -> int | None:
        """Count a conflict; returns the level to go back to when the order changed because of it.

        A package whose versions are rejected again and again because of others is decided before them from now on.
        """
        number = self._order.get(affected, -1)
        if number < 0:
            return None  # pragma: no cover - what clashes was in the order
        self._affected[number] = self._affected.get(number, 0) + 1
        culprits = {self._order.get(package, -1) for package, _ in conflict.terms} - {-1, number}
        against = self._against[number] = self._against.get(number, frozenset()) | culprits
        level: int | None = None
        for culprit in sorted(culprits):
            self._culprit[culprit] = self._culprit.get(culprit, 0) + 1
            if self._culprit[culprit] == _THRESHOLD and self._class[culprit] in {_PINNED, _PLAIN}:
                self._move(culprit, _LATE)
                level = self._earlier(level, self._level_before(solution, culprit))
        if self._affected[number] == _THRESHOLD:
            # Deciding it early helps only if it is known of early: so those that brought it in come with it.
            moved = [other for other in self._brought_by(solution, affected) if self._class[other] > _EARLY]
            for other in moved:
                self._move(other, _EARLY)
            # Not only the last of those that stood in the way: it may be one that nobody has decided yet.
            for culprit in sorted(against - set(moved)) if moved else ():
                level = self._earlier(level, self._level_before(solution, culprit))
        return level

    def _brought_by(self, solution: Solution, package: int) -> list[int]:
        """The numbers of a package's name and of those along the chain of dependers that made it needed."""
        found: list[int] = []
        while True:
            number = self._order.get(package, -1)
            if number < 0 or number in found:
                return found
            found.append(number)
            needed = (solution.trail[at] for at in solution.history[package])
            cause = next((entry[4] for entry in needed if not entry[2] & ABSENT), None)
            dependers = (
                [other for other, mask in cause.terms if other != package and not mask & ABSENT] if cause else []
            )
            if not dependers:
                return found
            package = dependers[0]

    def _move(self, number: int, to: int) -> None:
        self._class[number] = to
        self._push_name(number)

    def _earlier(self, left: int | None, right: int | None) -> int | None:
        return right if left is None else left if right is None else min(left, right)

    def _level_before(self, solution: Solution, number: int) -> int | None:
        """The level at which nothing of a name was decided yet; None when nothing is."""
        for package, _, _, at, cause in solution.trail:
            if cause is None and self._order.get(package, -1) == number:
                return max(at - 1, 0)
        return None
