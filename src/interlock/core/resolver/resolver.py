"""The resolver: every fork of a problem solved, the answers of one wished for in the next."""

from __future__ import annotations

from interlock.core.asks import MemberAsks
from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    Marker,
    format_marker,
    parse_marker,
    requires_python_marker,
    simplify,
)
from interlock.core.markers.environment import conflict_key
from interlock.core.resolver.candidates import Candidates
from interlock.core.resolver.dependencies import ROOT, Dependencies
from interlock.core.resolver.facts import Facts, Known, Universe
from interlock.core.resolver.incompatibility import Derived, Incompatibility, Rejected
from interlock.core.resolver.outcome import Needs, Solved, Unsolvable
from interlock.core.resolver.problem import Problem
from interlock.core.resolver.required import Required
from interlock.core.resolver.resolution import ForkSolution
from interlock.core.resolver.shared import Shared
from interlock.core.resolver.solver import NoSolution, Solver
from interlock.core.resolver.split import Split, halves, ordered
from interlock.core.sources import Member
from interlock.core.versions import VersionList

__all__ = ["Resolver", "world"]


def world(problem: Problem) -> Marker:
    """All environments the lock is for: where any member runs, within the declared environments."""
    found = FALSE
    # A virtual root has no Python range of its own: its groups are for wherever the members run.
    for text in sorted({member.requires_python for member in problem.members if member.name or member.requires_python}):
        found = found | requires_python_marker(text)
    if found.is_false:
        found = TRUE
    if problem.environments:
        declared = FALSE
        for text in problem.environments:
            declared = declared | parse_marker(text)
        found = found & declared
    return found


class Resolver:
    """Drives a solver per fork; call :meth:`advance` again whenever the facts it asked for are there."""

    def __init__(self, problem: Problem, facts: Facts) -> None:
        self.problem = problem
        self.facts = facts
        self.world = world(problem)
        self._highest_first = problem.policy.fork_strategy != "fewest"
        for member in problem.members:
            _introduce_member(facts, member)
        self.dependencies = Dependencies(problem, facts)
        self.candidates = Candidates(problem, facts)
        self.shared = Shared(
            facts,
            self.dependencies,
            self.candidates,
            Required(problem),
            world=self.world,
            fork_python=self._highest_first,
        )
        self._solved: list[ForkSolution] = []
        self._stack = [Solver(self.shared, env) for env in reversed(self._first_forks())]

    def __repr__(self) -> str:
        return f"<Resolver: {len(self._solved)} forks solved, {len(self._stack)} to go>"

    @property
    def decisions(self) -> int:
        return self.shared.decisions

    @property
    def setbacks(self) -> int:
        return self.shared.setbacks

    def advance(self) -> Needs | Solved | Unsolvable:
        while self._stack:
            solver = self._stack[-1]
            outcome = solver.advance()
            if isinstance(outcome, Needs):
                return outcome
            self._stack.pop()
            if isinstance(outcome, Split):
                self._push([solver.clone(env) for env in self._in_order(outcome.forks)])
            elif isinstance(outcome, NoSolution):
                parts = self._retry(solver, outcome.cause)
                if parts is None:
                    where = "" if solver.env is self.world else format_marker(simplify(solver.env, self.world))
                    return Unsolvable(outcome.cause, where)
                self._push([Solver(self.shared, env) for env in self._in_order(parts)])
            else:
                self._finish(solver)
        return Solved(tuple(self._solved))

    def _push(self, solvers: list[Solver]) -> None:
        self._stack.extend(reversed(solvers))

    def _in_order(self, forks: list[Marker]) -> list[Marker]:
        return ordered(forks, highest_first=self._highest_first)

    def _finish(self, solver: Solver) -> None:
        keys = self.shared.keys
        chosen = {keys[package]: mask.bit_length() - 2 for package, mask in solver.solution.decided.items()}
        self._solved.append(ForkSolution(solver.env, chosen))
        for key, position in chosen.items():
            if key.extra is None and key.group is None and key != ROOT:
                self.candidates.prefer(key.name, position)

    def _retry(self, solver: Solver, cause: Incompatibility) -> list[Marker] | None:
        """The parts in which to try again when a fork fails over requirements that do not hold in all of it.

        Requirements of different parents can contradict each other under markers that never hold together. That is
        seen only when the search fails: then the fork is split by a marker that took part in the failure.
        """
        env = solver.env
        stale = False
        for marker in _markers(cause):
            if marker.is_disjoint(env):
                stale = True
            elif not env.implies(marker):
                return halves(env, marker)
        for python in self._rejected_pythons(cause):
            # Rejected because it does not run in all of the fork, or of the fork that this one was split from.
            if env.implies(python):
                stale = True
            elif not env.is_disjoint(python):
                return halves(env, python)
        # A requirement from before a split, whose marker no longer holds here, must not decide the outcome.
        return [env] if stale else None

    def _rejected_pythons(self, cause: Incompatibility) -> list[Marker]:
        """Where the candidates that were rejected for their Python run."""
        return [
            self.candidates.usability(reason.key.name, position).python
            for leaf in _leaves(cause)
            if isinstance(reason := leaf.cause, Rejected) and reason.reason == "python"
            for _, mask in leaf.terms
            for position in range(mask.bit_length() - 1)
            if mask >> (position + 1) & 1
        ]

    def _first_forks(self) -> list[Marker]:
        forks = [self.world]
        if self.problem.environments:
            forks = [
                part for text in self.problem.environments if not (part := self.world & parse_marker(text)).is_false
            ]
        if self.problem.forks:
            seeds = [parse_marker(text) for text in self.problem.forks]
            seeded = [part for fork in forks for seed in seeds if not (part := fork & seed).is_false]
            rest = [part for fork in forks if not (part := fork & ~_union(seeds)).is_false]
            forks = seeded + rest
        for items in self.problem.conflicts:
            keys = [parse_marker(f"extra == '{conflict_key(item.member, item.extra, item.group)}'") for item in items]
            sides = [_alone(keys, chosen) for chosen in range(len(keys))]
            sides.append(_alone(keys, None))
            forks = [part for fork in forks for side in sides if not (part := fork & side).is_false]
        unique = list(dict.fromkeys(forks))
        return ordered(sorted(unique, key=format_marker), highest_first=self._highest_first)


def _union(markers: list[Marker]) -> Marker:
    found = FALSE
    for marker in markers:
        found = found | marker
    return found


def _alone(keys: list[Marker], chosen: int | None) -> Marker:
    """One item of a conflict set selected and no other; or none of them."""
    found = TRUE
    for number, key in enumerate(keys):
        found = found & (key if number == chosen else ~key)
    return found


def _markers(cause: Incompatibility) -> list[Marker]:
    """Markers of the requirements behind a failure, nearest to the conclusion first."""
    return list(dict.fromkeys(leaf.marker for leaf in _leaves(cause) if leaf.marker is not None))


def _leaves(cause: Incompatibility) -> list[Incompatibility]:
    """The facts a failure is derived from, nearest to the conclusion first."""
    found: list[Incompatibility] = []
    seen: set[int] = set()
    queue = [cause]
    for incompatibility in queue:
        if id(incompatibility) in seen:
            continue
        seen.add(id(incompatibility))
        if isinstance(incompatibility.cause, Derived):
            queue.extend((incompatibility.cause.left, incompatibility.cause.right))
        else:
            found.append(incompatibility)
    return found


def _introduce_member(facts: Facts, member: MemberAsks) -> None:
    facts.universes[member.name] = Universe(
        member.name, [(Member(member.name), VersionList((member.version,)), None, None)]
    )
    facts.dependencies[member.name, 0] = Known(
        requires=member.dependencies,
        extras=frozenset(member.extras),
        requires_python=member.requires_python,
        extra_requires=dict(member.extras),
        group_requires=dict(member.groups),
    )
