"""Where each package is asked for in a fork, as far as the candidates seen so far tell.

A dependency counts only where its depender is asked for: what a package that is for Linux alone wants on Windows must
not be chosen, restrict anything or split a fork. Since dependers become known one after another, dependencies that did
not count at first are added later, when the depender is asked for in more environments. Nothing is taken back: that a
depender has been given up again may leave a dependency in that is not needed, which is sound.
"""

from __future__ import annotations

from typing import NamedTuple

from interlock.core.markers.diagram import FALSE, TRUE, Marker
from interlock.core.resolver.dependencies import ROOT, Dependencies, Dependency
from interlock.core.resolver.incompatibility import PackageKey

__all__ = ["Growth", "Reach"]

_Candidate = tuple[PackageKey, int]


class Growth(NamedTuple):
    """What adding a candidate brings."""

    where: dict[PackageKey, Marker]
    """Packages that are asked for in more environments than before."""
    counting: dict[_Candidate, frozenset[int]]
    """Numbers of the dependencies that count now, by candidate; those of before included."""


class Reach:
    __slots__ = ("_added", "_dependencies", "_where")

    def __init__(self, dependencies: Dependencies, env: Marker) -> None:
        self._dependencies = dependencies
        self._where: dict[PackageKey, Marker] = {ROOT: env}
        self._added: dict[PackageKey, dict[int, frozenset[int]]] = {}

    def __repr__(self) -> str:
        return f"<Reach: {len(self._where)} packages>"

    def clone(self, env: Marker) -> Reach:
        """The same for a part of the fork: what is reached in the other part only is forgotten."""
        copy = Reach(self._dependencies, env)
        # Where a package is asked for is a union of conditions along paths from the root: a part of the fork cuts each.
        whole, where = self._where[ROOT], copy._where
        for key, here in self._where.items():
            part = env if here is whole else here & env
            if part is not FALSE:
                where[key] = part
        for key, found in self._added.items():
            if key in where:
                copy._added[key] = {at: self._counting(key, at, numbers, where[key]) for at, numbers in found.items()}
        return copy

    def _counting(self, key: PackageKey, position: int, numbers: frozenset[int], here: Marker) -> frozenset[int]:
        """Those of a candidate's dependencies that count where it is asked for."""
        if not self._dependencies.is_conditional(key, position):
            return numbers
        children = self._dependencies.children(key, position)
        return frozenset([number for number in numbers if not children[number][0].is_disjoint(here)])

    def left_behind(self, part: Reach) -> list[PackageKey]:
        """What is asked for in the fork and not in a part of it."""
        return [key for key in self._where if key not in part._where]

    def counts(self, depender: PackageKey, marker: Marker) -> bool:
        """Whether a depender is asked for anywhere that a marker of its dependencies holds."""
        where = self._where.get(depender, FALSE)
        return where is not FALSE and (marker is TRUE or where is marker or not where.is_disjoint(marker))

    def has(self, key: PackageKey, position: int) -> bool:
        """Whether a candidate's dependencies have been added."""
        return position in self._added.get(key, ())

    def growth(self, key: PackageKey, position: int) -> Growth:
        """What adding a candidate would bring, to itself and to others; changes nothing."""
        grown: dict[PackageKey, Marker] = {}
        counting: dict[_Candidate, frozenset[int]] = {}
        todo = [(key, position)]
        while todo:
            candidate = todo.pop()
            depender, at = candidate
            here = grown[depender] if depender in grown else self._where.get(depender, FALSE)
            found = set(self._added.get(depender, {}).get(at, ()))
            for number, (marker, keys) in enumerate(self._dependencies.children(depender, at)):
                through = here if marker is TRUE else marker & here
                if through is FALSE:
                    continue
                found.add(number)
                for child in keys:
                    before = grown[child] if child in grown else self._where.get(child, FALSE)
                    after = before if before is through else before | through
                    if after is not before:
                        grown[child] = after
                        todo += [(child, other) for other in self._added.get(child, ())]
            counting[candidate] = frozenset(found)
        return Growth(grown, counting)

    def new(self, growth: Growth) -> list[tuple[PackageKey, int, list[Dependency]]]:
        """The dependencies that a growth adds, by candidate."""
        found = []
        for (depender, at), numbers in growth.counting.items():
            fresh = numbers - self._added.get(depender, {}).get(at, frozenset())
            if fresh:
                dependencies = self._dependencies.of(depender, at)
                found.append((depender, at, [dependencies[number] for number in sorted(fresh)]))
        return found

    def counting(self, growth: Growth, key: PackageKey, position: int) -> list[Dependency]:
        """All dependencies of a candidate that count after a growth, in the environments the fork has."""
        dependencies = self._dependencies.of(key, position)
        here = growth.where[key] if key in growth.where else self._where.get(key, FALSE)
        return [
            dependencies[number]
            for number in sorted(growth.counting[key, position])
            if not dependencies[number].marker.is_disjoint(here)
        ]

    def grow(self, growth: Growth) -> None:
        """Make it so."""
        self._where.update(growth.where)
        for (depender, at), numbers in growth.counting.items():
            self._added.setdefault(depender, {})[at] = numbers
