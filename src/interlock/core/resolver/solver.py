"""The solver: PubGrub for one fork (https://github.com/dart-lang/pub/blob/master/doc/solver.md).

``advance`` runs until something is unknown (:class:`Needs`), the fork has to split (:class:`Split`), all is decided
(``True``) or nothing can be (:class:`DeadEnd`); the package's docstring draws one turn of it. All of the state is
here; ``clone`` copies it for parts of a fork.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from interlock.core.markers.diagram import TRUE, Marker
from interlock.core.resolver.conflict import Learned, root_cause
from interlock.core.resolver.dependencies import ROOT, Dependency, admitted, keys_of
from interlock.core.resolver.facts import Unusable
from interlock.core.resolver.incompatibility import (
    ABSENT,
    Incompatibility,
    NeededBy,
    PackageKey,
    Reason,
    Rejected,
    RootCause,
    SamePackage,
    Term,
)
from interlock.core.resolver.outcome import Needs
from interlock.core.resolver.priority import Priorities
from interlock.core.resolver.reach import Reach
from interlock.core.resolver.shared import Shared
from interlock.core.resolver.solution import Solution
from interlock.core.resolver.split import Split, split
from interlock.core.resolver.staleness import Staleness
from interlock.core.resolver.verdict import Verdict, hear, judge

__all__ = ["DeadEnd", "Solver"]


class DeadEnd(NamedTuple):
    """The fork cannot be solved; the cause has no term but the root."""

    cause: Incompatibility


class Solver:
    def __init__(self, shared: Shared, env: Marker) -> None:
        self.shared = shared
        self.env = env
        self.solution = Solution()
        self.by_package: list[list[Incompatibility]] = []
        self.conditional: list[Incompatibility] = []
        """Those that may not hold in a part of the fork although what they are about is needed there."""
        self.contradicted: dict[Incompatibility, int] = {}
        self.priorities = Priorities()
        self.introduced: set[PackageKey] = set()
        """Packages, a part each, of which is known what is out of the question."""
        self.reach = Reach(shared.dependencies, env)
        self.merged: dict[tuple[int, int, int], Incompatibility] = {}
        """Dependency incompatibilities by (depender, dependee, mask), so that versions that agree share one."""
        self.changed: list[int] = []
        self.pending: tuple[int, int] | None = None
        """A candidate chosen but not yet decided, because its dependencies were not known."""
        self.final: Incompatibility | None = None
        """The end of the last failed conflict resolution: why there is no solution."""
        root = self._package(ROOT, 1)
        self._add(Incompatibility([(root, ABSENT)], RootCause()))
        self.changed.append(root)

    def __repr__(self) -> str:
        return f"<Solver {self.solution!r}>"

    def clone(self, env: Marker) -> Solver:
        copy = object.__new__(Solver)
        copy.shared = self.shared
        copy.env = env
        copy.solution = self.solution.clone()
        copy.by_package = [found.copy() for found in self.by_package]
        copy.conditional = self.conditional.copy()
        copy.contradicted = self.contradicted.copy()
        copy.priorities = self.priorities.clone()
        copy.introduced = {key for key in self.introduced if not self.shared.depends_on_fork(key.name)}
        copy.reach = self.reach.clone(env)
        copy.merged = self.merged.copy()
        copy.changed = self.changed.copy()
        copy.pending = self.pending
        copy.final = None
        copy._forget(self.reach.left_behind(copy.reach))
        for key in sorted(self.introduced - copy.introduced, key=lambda key: (key.name, key.part)):
            copy._introduce(key)
        return copy

    def _forget(self, left_behind: Iterable[PackageKey]) -> None:
        """Take back, after a split, what rests on facts or files of the other part, where alone some are needed."""
        stale = Staleness(self.shared, self.env, self.reach)
        gone = stale.among(self.conditional)
        for key in left_behind:
            gone |= stale.among(self.by_package[self.shared.ids[key]])
        if gone:
            self.conditional = [found for found in self.conditional if found not in gone]
            for package in {package for found in gone for package, _ in found.terms}:
                self.by_package[package] = [found for found in self.by_package[package] if found not in gone]
            self.merged = {key: found for key, found in self.merged.items() if found not in gone}
            self.contradicted = {found: at for found, at in self.contradicted.items() if found not in gone}
        if self.pending is not None and stale.has_left(*self.pending):
            self._drop_pending()
        for package, _, mask, at, cause in self.solution.trail:
            if stale.has_left(package, mask) if cause is None else stale.of(cause):
                self._backtrack(at - 1)
                break

    def advance(self) -> Needs | Split | DeadEnd | bool:
        """Run until a fact is missing, the fork has to split, or there is an answer."""
        while True:
            failure = self._propagate()
            if failure is not None:
                return DeadEnd(failure)
            package = self._next()
            if package is None:
                return True
            outcome = self._choose(package)
            if outcome is not None:
                return outcome

    def _next(self) -> int | None:
        if self.pending is not None:
            package, mask = self.pending
            if package not in self.solution.decided and self.solution.masks[package] & mask:
                return package
            self.pending = None  # pragma: no cover - what is ruled out is dropped where that is seen
        return self.priorities.pop(self.solution)

    def _choose(self, package: int) -> Needs | Split | None:
        """Choose a candidate for a package and decide it, unless its dependencies already rule it out."""
        key = self.shared.keys[package]
        if self.pending is not None:
            position = self.pending[1].bit_length() - 2
        elif key == ROOT:
            position = 0
        else:
            choice = self._candidate(package, key)
            if choice is None or isinstance(choice, Split):
                self.priorities.push(package)
                return choice
            position = choice
        mask = 2 << position
        self.pending = (package, mask)
        if not self.reach.has(key, position):
            heard = hear(self.shared, self.env, key, position)
            if heard is False:
                self._drop_pending()
                return None
            outcome = heard if isinstance(heard, Needs) else self._attach(package, key, position)
            if outcome is not None:
                return outcome
        self.pending = None
        conflict = self._ruled_out(package, mask)
        if conflict is not None:
            self.shared.setbacks += 1
            self.changed.append(package)
            self.priorities.push(package)
            level = self.priorities.record(self.solution, package, conflict)
            if level is not None:
                self._backtrack(level)
            return None
        self.shared.decisions += 1
        self.solution.decide(package, mask)
        self.changed.append(package)
        return None

    def _ruled_out(self, package: int, mask: int) -> Incompatibility | None:
        """The incompatibility that deciding would complete at once; then propagation says so first."""
        masks = self.solution.masks
        for incompatibility in reversed(self.by_package[package]):
            for other, term in incompatibility.terms:
                known = mask if other == package else masks[other]
                if known & ~term:
                    break
            else:
                return incompatibility
        return None

    def _candidate(self, package: int, key: PackageKey) -> int | Split | None:
        """The best candidate in range; ``None`` when candidates had to be rejected first."""
        candidates = self.shared.candidates
        mask = self.solution.masks[package] >> 1
        base = self._package_of(key)
        if base != package:
            # An extra is of the version its package has: look no further than that.
            common = mask & (self.solution.masks[base] >> 1)
            if not common:
                terms = sorted([(package, mask << 1), (base, self.solution.masks[base])])
                self._add(Incompatibility(terms, SamePackage(key)))
                self.changed.append(package)
                return None
            mask = common
        rejected: dict[Reason, int] = {}
        env = self.shared.parts.within(self.env, key)
        choice: int | Split | None = None
        last_resort: int | None = None
        while mask:
            position, locked = candidates.next(key.name, mask, env)
            verdict = judge(self.shared, self.env, key, position, mask, locked=locked)
            if verdict is Verdict.USABLE or isinstance(verdict, Split):
                choice = position if verdict is Verdict.USABLE else verdict
                break
            if verdict is not Verdict.ELSEWHERE:
                rejected[verdict] = rejected.get(verdict, 0) | 1 << position
            elif last_resort is None:
                last_resort = position
            mask &= ~(1 << position)
        for reason, found in rejected.items():
            self._add(Incompatibility([(base, found << 1)], Rejected(key.base, reason)))
            self.changed.append(base)
        if rejected:
            return None
        return last_resort if choice is None else choice

    def _attach(self, package: int, key: PackageKey, position: int) -> Needs | Split | None:
        """Add the dependencies of a candidate; asks for facts or a split first when need be."""
        shared = self.shared
        if key != ROOT:
            known = shared.facts.dependencies[key.name, position]
            if isinstance(known, Unusable):
                base = self._package_of(key)
                cause = Rejected(key.base, "unusable", known.reason)
                for rejected in dict.fromkeys((base, package)):
                    self._add(Incompatibility([(rejected, 2 << position)], cause))
                self.changed.extend((base, package))
                return None
        growth = self.reach.growth(key, position)
        new = self.reach.new(growth)
        unknown = {found.requirement.name for _, _, dependencies in new for found in dependencies}
        unknown -= shared.facts.universes.keys()
        if unknown:
            return Needs(universes=tuple(sorted(unknown)))
        for depender, at, _ in new:
            forks = split(self.env, self.reach.counting(growth, depender, at))
            if len(forks) > 1:
                return Split(forks)
        self.reach.grow(growth)
        if key.extra is not None or key.group is not None:
            base = self._package_of(key)
            others = shared.full[base] & ~(2 << position)
            if key.group is not None:
                # Whoever wants the member says so: its group may be wanted where the member is not.
                others &= ~ABSENT
            self._add(Incompatibility([(package, 2 << position), (base, others)], SamePackage(key)))
        for depender, at, dependencies in new:
            number = shared.ids[depender]
            for dependency in dependencies:
                self._require((number, 2 << at), depender, dependency)
            self.changed.append(number)
        return None

    def _require(self, term: Term, depender: PackageKey, dependency: Dependency) -> None:
        requirement = dependency.requirement
        universe = self.shared.facts.universes[requirement.name]
        base = PackageKey(requirement.name, None, None, dependency.part)
        if base not in self.introduced:
            self._introduce(base)
        allowed = admitted(universe, dependency)
        cause = NeededBy(depender, requirement, dependency.origin, dependency.kind)
        if dependency.kind == "constraint":
            # A constraint restricts a package but does not ask for it: not being there is fine too.
            package = self._package_of(base)
            self._depend(term, package, allowed << 1 | ABSENT, cause, dependency.marker)
            return
        pinned = self.shared.required.is_pin(requirement)
        for key in keys_of(dependency):
            package = self._package(key, universe.size)
            self.priorities.saw(package, key.name, pinned=pinned, direct=universe.is_direct)
            self._depend(term, package, allowed << 1, cause, dependency.marker)

    def _depend(self, term: Term, package: int, allowed: int, cause: NeededBy, marker: Marker) -> None:
        """Add ``{depender, not dependee in allowed}``, merged with that of other versions that ask for the same."""
        depender, mask = term
        forbidden = self.shared.full[package] & ~allowed
        if not forbidden:
            return
        if depender == package:
            if mask & forbidden:
                self._add(Incompatibility([(package, mask & forbidden)], cause, marker))
            return
        known = self.merged.get((depender, package, forbidden))
        if known is not None and known.marker is marker:
            mask |= next(found for other, found in known.terms if other == depender)
            for other, _ in known.terms:
                self.by_package[other].remove(known)
            self.contradicted.pop(known, None)
        terms = [(depender, mask)]
        if forbidden != self.shared.full[package]:
            # Otherwise nothing of the dependee will do, and the depender alone is the trouble.
            terms.append((package, forbidden))
        made = Incompatibility(terms, cause, marker)
        self.merged[depender, package, forbidden] = made
        self._add(made)

    def _introduce(self, key: PackageKey) -> None:
        """Tell the solver, once per fork, what is out of the question for a package."""
        self.introduced.add(key)
        universe = self.shared.facts.universes[key.name]
        base = self._package_of(key)
        for rejection in self.shared.candidates.rejections(key.name, self.shared.parts.within(self.env, key)):
            cause = Rejected(key, rejection.reason, rejection.detail)
            self._add(Incompatibility([(base, rejection.mask << 1)], cause))
        excluded = universe.full & ~self.shared.allowed(key, self.env)
        if excluded:
            self._add(Incompatibility([(base, excluded << 1)], Rejected(key, "source")))
        self.changed.append(base)

    def _propagate(self) -> Incompatibility | None:
        """Unit propagation; returns the final cause when there is no solution."""
        solution, contradicted, changed = self.solution, self.contradicted, self.changed
        masks = solution.masks
        while changed:
            package = changed.pop()
            conflict: Incompatibility | None = None
            for incompatibility in reversed(self.by_package[package]):
                if incompatibility in contradicted:
                    continue
                unit: Term | None = None
                for term in incompatibility.terms:
                    known = masks[term[0]]
                    if not known & term[1]:
                        contradicted[incompatibility] = solution.level
                        break
                    if known & ~term[1]:
                        if unit is not None:
                            break
                        unit = term
                else:
                    if unit is None:
                        conflict = incompatibility
                        break
                    contradicted[incompatibility] = solution.level
                    self._derive(unit, incompatibility)
            if conflict is not None:
                learned = self._resolve(conflict)
                if learned is None:
                    return self.final
                # What was still to be looked at is kept: a dependency that came to count late concerns packages that
                # were decided before the level one goes back to.
                changed.append(package)
                changed.extend(package for package, _ in learned.incompatibility.terms)
                # Going back has made what was contradicted above it possible again.
                contradicted = self.contradicted
        return None

    def _derive(self, term: Term, cause: Incompatibility) -> None:
        package, mask = term
        narrowed = self.solution.masks[package] & ~mask
        self.solution.derive(package, narrowed, cause)
        if not narrowed & ABSENT:
            self.priorities.push(package)
        self.changed.append(package)

    def _resolve(self, conflict: Incompatibility) -> Learned | None:
        """Go back to where a conflict can be avoided and remember why; ``None`` when it cannot be."""
        self.shared.setbacks += 1
        cause = root_cause(self.solution, self.shared.full, conflict)
        if cause.level is None:
            self.final = cause.incompatibility
            return None
        if cause.incompatibility is not conflict:
            self._add(cause.incompatibility)
        earlier = self.priorities.record(self.solution, cause.package, cause.incompatibility)
        self._backtrack(cause.level if earlier is None else min(cause.level, earlier))
        return cause

    def _backtrack(self, level: int) -> None:
        """Undo what was assigned above a level; packages that are open again go back into the queue."""
        for package in self.solution.backtrack(level):
            self.priorities.push(package)
            self.changed.append(package)
        self.contradicted = {found: at for found, at in self.contradicted.items() if at <= level}
        self._drop_pending()

    def _drop_pending(self) -> None:
        if self.pending is not None:
            self.priorities.push(self.pending[0])
            self.pending = None

    def _package(self, key: PackageKey, size: int) -> int:
        package = self.shared.package(key, size)
        while len(self.by_package) <= package:
            self.solution.grow(self.shared.full[len(self.by_package)])
            self.by_package.append([])
        return package

    def _package_of(self, key: PackageKey) -> int:
        """The number of the package that a key is about."""
        return self._package(key.base, self.shared.facts.universes[key.name].size)

    def _add(self, incompatibility: Incompatibility) -> None:
        for package, _ in incompatibility.terms:
            self.by_package[package].append(incompatibility)
        if incompatibility.marker is not TRUE or not isinstance(incompatibility.cause, NeededBy):
            self.conditional.append(incompatibility)
