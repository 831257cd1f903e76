"""Conflict resolution: from a conflict to its root cause (solver.md, "conflict resolution")."""

from __future__ import annotations

from collections.abc import Sequence

from interlock.core.resolver.incompatibility import Derived, Incompatibility
from interlock.core.resolver.solution import Solution

__all__ = ["root_cause"]

_ROOT = 0
"""The number of the root package."""


def root_cause(
    solution: Solution, full: Sequence[int], conflict: Incompatibility
) -> tuple[Incompatibility, int | None]:
    """The incompatibility that explains a conflict, and the decision level at which it leaves something to choose.

    Each step replaces the term that was satisfied last by the reason for it, until what is left was satisfied by a
    decision or would have been satisfied on an earlier level too. Without a level there is no solution.
    """
    incompatibility = conflict
    while True:
        terms = incompatibility.terms
        if not terms or (len(terms) == 1 and terms[0][0] == _ROOT):
            return incompatibility, None
        satisfier = solution.satisfier(terms)
        package, _, _, level, cause = satisfier.assignment
        if cause is None or satisfier.previous_level < level:
            return incompatibility, satisfier.previous_level
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
