"""The partial solution: what has been decided and derived so far, in order, with the way back.

::

    level   trail                                       masks (all that is left of a package)
      0     derive  root must be there                  root {1}
      0     derive  web must be there   <- root         web {1, 2, 3}
      1     decide  web 3                               web {3}
      1     derive  flask >= 2          <- web 3        flask {2, 3}
      2     decide  flask 3                             flask {3}

A decision begins a level; what follows from it is derived on the same level, with the incompatibility that it follows
from. Going back to a level pops the trail, and each entry knows the mask before it, so nothing is computed again.
"""

from __future__ import annotations

from interlock.core.resolver.incompatibility import Incompatibility, Term

__all__ = ["Assignment", "Satisfier", "Solution"]

Assignment = tuple[int, int, int, int, Incompatibility | None]
"""Package, its mask before, its mask after, decision level, cause (None for a decision)."""


class Satisfier:
    """The assignment that completed an incompatibility, and the level to which one can go back without it."""

    __slots__ = ("assignment", "previous_level", "term")

    def __init__(self, assignment: Assignment, term: Term, previous_level: int) -> None:
        self.assignment = assignment
        self.term = term
        self.previous_level = previous_level


class Solution:
    """Ordered assignments with the accumulated intersection per package.

    ``masks[p]`` is the conjunction of everything assigned to package ``p``; ``history[p]`` lists the positions in the
    trail that concern it, so that a satisfier is found by binary search instead of replay.
    """

    __slots__ = ("decided", "full", "history", "level", "masks", "trail")

    def __init__(self) -> None:
        self.trail: list[Assignment] = []
        self.masks: list[int] = []
        self.full: list[int] = []
        """Every state of a package: absent, or any candidate."""
        self.history: list[list[int]] = []
        self.decided: dict[int, int] = {}
        """Package to the mask of the decided candidate."""
        self.level = 0

    def __repr__(self) -> str:
        return f"<Solution: level {self.level}, {len(self.trail)} assignments, {len(self.decided)} decisions>"

    def clone(self) -> Solution:
        copy = Solution()
        copy.trail = self.trail.copy()
        copy.masks = self.masks.copy()
        copy.full = self.full.copy()
        copy.history = [positions.copy() for positions in self.history]
        copy.decided = self.decided.copy()
        copy.level = self.level
        return copy

    def grow(self, full: int) -> None:
        """Make room for one more package, about which nothing is known."""
        self.masks.append(full)
        self.full.append(full)
        self.history.append([])

    def decide(self, package: int, mask: int) -> None:
        self.level += 1
        self.decided[package] = mask
        self._assign(package, mask, None)

    def derive(self, package: int, mask: int, cause: Incompatibility) -> None:
        """Narrow a package to ``mask`` (already intersected with what was known)."""
        self._assign(package, mask, cause)

    def _assign(self, package: int, mask: int, cause: Incompatibility | None) -> None:
        self.history[package].append(len(self.trail))
        self.trail.append((package, self.masks[package], mask, self.level, cause))
        self.masks[package] = mask

    def backtrack(self, level: int) -> list[int]:
        """Undo everything above a level, on -1 what was known from the start too; returns the packages, oldest last."""
        trail, masks, history = self.trail, self.masks, self.history
        undone: list[int] = []
        while trail and trail[-1][3] > level:
            package, before, _, _, cause = trail.pop()
            masks[package] = before
            history[package].pop()
            if cause is None:
                self.decided.pop(package, None)
            undone.append(package)
        self.level = max(level, 0)
        return undone

    def satisfier(self, terms: tuple[Term, ...]) -> Satisfier:
        """Find the earliest assignment after which all terms hold (solver.md, conflict resolution)."""
        latest = -1
        latest_term: Term = terms[0]
        positions: list[int] = []
        for term in terms:
            position = self._first_within(term[0], term[1])
            positions.append(position)
            if position > latest:
                latest, latest_term = position, term
        assignment = self.trail[latest]
        package, _, _, _, cause = assignment
        previous = 0
        for term, position in zip(terms, positions, strict=True):
            if term is not latest_term:
                previous = max(previous, self.trail[position][3])
        if cause is not None:
            # What the assignment itself said, without what was known before it.
            own = self.own(cause, package)
            if own & ~latest_term[1]:
                # It only completes the term together with an earlier one of the same package.
                previous = max(previous, self._level_completing(package, own, latest_term[1]))
        return Satisfier(assignment, latest_term, previous)

    def _first_within(self, package: int, mask: int) -> int:
        """Position in the trail of the first assignment of a package after which it lies within ``mask``."""
        positions = self.history[package]
        low, high = 0, len(positions) - 1
        while low < high:
            middle = (low + high) // 2
            if self.trail[positions[middle]][2] & ~mask:
                low = middle + 1
            else:
                high = middle
        return positions[low]

    def _level_completing(self, package: int, own: int, wanted: int) -> int:
        for position in self.history[package]:
            assignment = self.trail[position]
            if not assignment[2] & own & ~wanted:
                return assignment[3]
        return 0  # pragma: no cover - the assignment that it was found for completes the term at the latest

    def own(self, cause: Incompatibility, package: int) -> int:
        """What a derivation said by itself: the negation of the package's term in its cause."""
        for candidate, mask in cause.terms:
            if candidate == package:
                return self.full[package] & ~mask
        return self.full[package]  # pragma: no cover - a derivation narrows a package that its cause is about
