"""Conflict resolution: from a conflict to its root cause (solver.md, "conflict resolution").

A conflict is an incompatibility all of whose terms hold. It says that something earlier was wrong, hardly ever what was
done last. So the term that came to hold last is replaced by what it followed from, again and again::

    {flask 3, werkzeug < 3}                 a conflict; werkzeug < 3 was derived last, from {api 1, werkzeug >= 3}
    {flask 3, api 1}                        flask 3 was derived too, from {web 3, flask < 3}
    {web 3, api 1}                          web 3 was decided on a later level than api 1: learned, go back to api's

The result is remembered: no search ever chooses ``web 3`` beside ``api 1`` again. Where only the root is left, nothing
can be chosen, and the chain of replacements is the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from interlock.core.resolver.incompatibility import Derived, Incompatibility
from interlock.core.resolver.solution import Solution

__all__ = ["Learned", "root_cause"]

_ROOT = 0
"""The number of the root package."""


class Learned(NamedTuple):
    """Why a conflict arose, and where it leaves something to choose."""

    incompatibility: Incompatibility
    level: int | None
    """The decision level to go back to; None: there is no solution."""
    package: int
    """The package whose assignment completed the incompatibility: the one that has to give way."""


def root_cause(solution: Solution, full: Sequence[int], conflict: Incompatibility) -> Learned:
    """Find the incompatibility that explains a conflict.

    Each step replaces the term that was satisfied last by the reason for it, until what is left was satisfied by a
    decision or would have been satisfied on an earlier level too.
    """
    incompatibility = conflict
    while True:
        terms = incompatibility.terms
        if not terms or (len(terms) == 1 and terms[0][0] == _ROOT):
            return Learned(incompatibility, None, _ROOT)
        satisfier = solution.satisfier(terms)
        package, _, _, level, cause = satisfier.assignment
        if cause is None or satisfier.previous_level < level:
            return Learned(incompatibility, satisfier.previous_level, package)
        merged = {other: mask for other, mask in terms if other != package}
        for other, mask in cause.terms:
            if other != package:
                merged[other] = merged.get(other, -1) & mask
        # The satisfier may have completed the term only together with an earlier assignment of the same package: what
        # it allows beyond the term stays part of the explanation.
        rest = solution.own(cause, package) & ~satisfier.term[1]
        if rest:
            merged[package] = full[package] & ~rest
        prior = [
            (other, mask & full[other]) for other, mask in sorted(merged.items()) if mask & full[other] != full[other]
        ]
        incompatibility = Incompatibility(prior, Derived(incompatibility, cause))
