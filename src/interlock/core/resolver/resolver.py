"""The resolver: every fork of a problem solved, one after the other.

Forks are taken from a stack: the halves of a split come before what was there already. Each gets the newest that runs
there, whatever the others chose; with ``fork-strategy = "fewest"`` the one with the lowest Python is solved first, and
what it chose is wished for in the others.

When a fork fails, that is no verdict yet. In this order is tried what could still help:

1. What the failure needs apart for the sides of conflicts is chosen apart: a new round over all forks.
2. The fork is split by a marker, or a range of Pythons, that took part in the failure and does not hold in all of it;
   or begun anew, where what took part was true before a split and is not now.
3. Upper bounds on Python that candidates set and no newer release confirms are let pass: a new round.

Only what is left is :class:`~interlock.core.resolver.outcome.Unsolvable`. Each step makes parts more, forks smaller or
bounds fewer, so there is an end.
"""

from __future__ import annotations

from msgspec.structs import replace

from interlock.core.markers.diagram import (
    Marker,
    all_of,
    any_of,
    extras_in,
    format_marker,
    parse_marker,
    simplify,
    without_environment,
    without_extras,
)
from interlock.core.members.asks import MemberAsks
from interlock.core.members.sides import Sides
from interlock.core.names import NormalizedName
from interlock.core.resolver.activation import Activation
from interlock.core.resolver.candidates import Candidates
from interlock.core.resolver.causes import markers, rejected
from interlock.core.resolver.dependencies import ROOT, Dependencies
from interlock.core.resolver.facts import Facts, Known, Universe
from interlock.core.resolver.incompatibility import Incompatibility
from interlock.core.resolver.outcome import Needs, Solved, Unsolvable
from interlock.core.resolver.parts import Parts
from interlock.core.resolver.pinned import Pinned
from interlock.core.resolver.problem import Problem
from interlock.core.resolver.required import Required
from interlock.core.resolver.resolution import ForkSolution, joined
from interlock.core.resolver.shared import Shared
from interlock.core.resolver.solver import DeadEnd, Solver
from interlock.core.resolver.split import Split, halves, ordered
from interlock.core.resolver.touched import clashing, first_parts, touched
from interlock.core.resolver.world import world
from interlock.core.sources.source import Member
from interlock.core.versions.version_list import VersionList

__all__ = ["Resolver"]

_ROUNDS = 3
"""How often all is solved again because conflicts touch more packages than thought; whatever they touch, each round is
sound."""


class Resolver:
    """Drives a solver per fork; call :meth:`advance` again whenever the facts it asked for are there.

    The forks are solved in rounds: when conflicts turn out to touch more packages than those that were chosen apart for
    them, all is solved once more with these apart too.
    """

    def __init__(self, problem: Problem, facts: Facts) -> None:
        self.sides = Sides(problem.conflicts)
        problem = _read(problem, self.sides)
        self.problem = problem
        self.facts = facts
        self.world = world(problem)
        self._highest_first = problem.policy.fork_strategy != "fewest"
        for member in problem.members:
            _introduce_member(facts, member)
        self._plain = Dependencies(problem, facts)
        self.activation = Activation(problem.members, self._plain.itself, self.sides)
        self._members = frozenset((ROOT.name, *(member.name for member in problem.members)))
        self._required = Required(problem, self.world, self.activation)
        self._spent = (0, 0)
        self._rounds = 0
        active = Dependencies(problem, facts, None, self.activation) if self.sides else self._plain
        pinned = Pinned(problem, active, self.world)
        self._begin(first_parts(problem, self.sides, self._plain), Candidates(problem, facts, pinned))

    def __repr__(self) -> str:
        return f"<Resolver: {len(self._solved)} forks solved, {len(self._stack)} to go>"

    def _begin(self, parts: Parts, candidates: Candidates) -> None:
        """Start to solve all forks, with packages chosen apart as ``parts`` says."""
        self.parts = parts
        self.candidates = candidates
        self.dependencies = self._plain
        if self.sides:
            self.dependencies = Dependencies(self.problem, self.facts, parts, self.activation)
        self.shared = Shared(
            self.facts,
            self.dependencies,
            candidates,
            self._required,
            parts,
            world=self.world,
            fork_python=self._highest_first,
        )
        self._solved: list[ForkSolution] = []
        self._stack = [Solver(self.shared, env) for env in reversed(self._first_forks())]

    def _again(self, parts: Parts) -> None:
        self._spent = (self.decisions, self.setbacks)
        self._begin(parts, self.candidates.anew())

    @property
    def decisions(self) -> int:
        return self._spent[0] + self.shared.decisions

    @property
    def setbacks(self) -> int:
        return self._spent[1] + self.shared.setbacks

    def advance(self) -> Needs | Solved | Unsolvable:
        """Go on until facts are missing or there is an answer.

        Raises :class:`~interlock.core.resolver.parts.EntangledConflicts`.
        """
        while True:
            while self._stack:
                outcome = self._step(self._stack[-1])
                if outcome is not None:
                    return outcome
            parts = self._more_parts() if self.sides and self._rounds < _ROUNDS else None
            if parts is None:
                # With conflicts a fork has the same environments as those of the other sides, and is none of its own.
                before = self._first_forks() if self.problem.forks and not self.sides else ()
                return Solved(joined(self._solved, before))
            self._rounds += 1
            self._again(parts)

    def _step(self, solver: Solver) -> Needs | Unsolvable | None:
        outcome = solver.advance()
        if isinstance(outcome, Needs):
            return outcome
        self._stack.pop()
        if isinstance(outcome, Split):
            self._push([solver.clone(env) for env in self._in_order(outcome.forks)])
        elif isinstance(outcome, DeadEnd):
            return self._failed(solver, outcome.cause)
        else:
            self._finish(solver)
        return None

    def _failed(self, solver: Solver, cause: Incompatibility) -> Unsolvable | None:
        """Try again with packages or environments apart that this fork had together, or give up."""
        parts = self._apart(cause, None)
        forks = self._retry(solver, cause) if parts is None else None
        if parts is None and forks is None:
            parts = self._apart(cause, solver.env)
        if parts is not None:
            self._again(parts)
        elif forks is not None:
            self._push([Solver(self.shared, env) for env in self._in_order(forks)])
        elif self.candidates.pythons.let_in(self._kept_out(solver.env, cause)) or self._readmitted(cause):
            self._again(self.parts)
        else:
            return Unsolvable(cause, self._where(solver.env, cause))
        return None

    def _kept_out(self, env: Marker, cause: Incompatibility) -> frozenset[NormalizedName]:
        """The packages of a failure that would run in the fork but for the upper bounds they set on Python.

        What runs in the fork and has files for elsewhere alone needs to run there too.
        """
        kept_out = self.candidates.pythons.kept_out
        here = {name for name, at in rejected(cause, "python") if not kept_out(name, at).is_disjoint(env)}
        there = {name for name, at in rejected(cause, "platform") if not kept_out(name, at).is_disjoint(self.world)}
        return frozenset(here | there)

    def _readmitted(self, cause: Incompatibility) -> bool:
        """Whether metadata that came since lets in more of what was yanked than when that was rejected."""
        return self.candidates.readmit({name for name, _ in rejected(cause, "yanked")})

    def _apart(self, cause: Incompatibility, env: Marker | None) -> Parts | None:
        return self.parts.grown(needed=clashing(self.sides, cause, self.shared.keys, self._members, env))

    def _where(self, env: Marker, cause: Incompatibility) -> str:
        """The environments and the selections that a failure is about."""
        where = all_of((env, *map(without_environment, markers(cause))))
        allowed = self.sides.consistent(self.world, extras_in(where))
        return "" if where is self.world else self.sides.write(format_marker(simplify(where, allowed)))

    def _more_parts(self) -> Parts | None:
        """The parts that come of what the conflicts have turned out to touch; None when these are all there are."""
        found: dict[NormalizedName, set[int]] = {}
        for fork in self._solved:
            for name, sides in touched(self.sides, fork.chosen, self.dependencies, self._members).items():
                found.setdefault(name, set()).update(sides)
        return self.parts.grown(touched=found)

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
        """The forks in which to try again when a fork fails over requirements that do not hold in all of it.

        Requirements of different parents can contradict each other under markers that never hold together. That is
        seen only when the search fails: then the fork is split by a marker that took part in the failure.
        """
        env = solver.env
        stale = False
        for marker in map(without_extras, markers(cause)):
            if marker.is_disjoint(env):
                stale = True  # pragma: no cover - a split takes back what holds no more
            elif not env.implies(marker):
                return halves(env, marker)
        for python in self._rejected_pythons(cause):
            # Rejected because it does not run in all of the fork, or of the fork that this one was split from.
            if env.implies(python):
                stale = True  # pragma: no cover - the split itself takes that back
            elif not env.is_disjoint(python):
                return halves(env, python)
        # A requirement from before a split, whose marker no longer holds here, must not decide the outcome.
        return [env] if stale else None

    def _rejected_pythons(self, cause: Incompatibility) -> list[Marker]:
        """Where the candidates that were rejected for their Python run."""
        return [self.candidates.usability(*candidate).python for candidate in rejected(cause, "python")]

    def _first_forks(self) -> list[Marker]:
        forks = [self.world]
        if self.problem.environments:
            forks = [
                part for text in self.problem.environments if not (part := self.world & parse_marker(text)).is_false
            ]
        if self.problem.forks:
            seeds = [without_extras(parse_marker(text)) for text in self.problem.forks]
            seeded = [part for fork in forks for seed in seeds if not (part := fork & seed).is_false]
            rest = [part for fork in forks if not (part := fork & ~any_of(seeds)).is_false]
            forks = seeded + rest
        unique = list(dict.fromkeys(forks))
        return ordered(sorted(unique, key=format_marker), highest_first=self._highest_first)


def _read(problem: Problem, sides: Sides) -> Problem:
    """The problem with the names that conflicting items have while it is solved."""
    if not sides:
        return problem
    preferences = {
        name: tuple(replace(wish, markers=tuple(map(sides.read, wish.markers))) for wish in wishes)
        for name, wishes in problem.preferences.items()
    }
    return replace(problem, preferences=preferences)


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
