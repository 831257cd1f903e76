"""Where each package is asked for in a fork, as far as the candidates seen so far tell.

A dependency counts only where its depender is asked for: what a package that is for Linux alone wants on Windows must
not be chosen, restrict anything or split a fork. Since dependers become known one after another, dependencies that did
not count at first are added later, when the depender is asked for in more environments. Nothing is taken back: that a
depender has been given up again may leave a dependency in that is not needed, which is sound.
"""

from __future__ import annotations

from typing import NamedTuple

from interlock.core.markers.diagram import FALSE, Marker
from interlock.core.resolver.dependencies import ROOT, Dependencies, Dependency, keys_of
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
        added: dict[PackageKey, dict[int, set[int]]] = {}
        todo = [ROOT]
        while todo:
            depender = todo.pop()
            here = copy._where[depender]
            counting = added.setdefault(depender, {})
            for at, numbers in self._added.get(depender, {}).items():
                dependencies = self._dependencies.of(depender, at)
                counted = counting.setdefault(at, set())
                for number in numbers:
                    dependency = dependencies[number]
                    through = dependency.marker & here
                    if through.is_false:
                        continue
                    counted.add(number)
                    if dependency.kind == "constraint":
                        continue
                    for child in keys_of(dependency):
                        before = copy._where.get(child, FALSE)
                        after = before | through
                        if after is not before:
                            copy._where[child] = after
                            todo.append(child)
        copy._added = {
            key: {at: frozenset(numbers) for at, numbers in found.items()} for key, found in added.items() if found
        }
        return copy

    def counts(self, depender: PackageKey, marker: Marker) -> bool:
        """Whether a depender is asked for anywhere that a marker of its dependencies holds."""
        return not self._where.get(depender, FALSE).is_disjoint(marker)

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
            for number, dependency in enumerate(self._dependencies.of(depender, at)):
                through = dependency.marker & here
                if through.is_false:
                    continue
                found.add(number)
                if dependency.kind == "constraint":
                    continue
                for child in keys_of(dependency):
                    before = grown[child] if child in grown else self._where.get(child, FALSE)
                    after = before | through
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
