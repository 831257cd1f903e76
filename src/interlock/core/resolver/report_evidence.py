"""The evidence of a failure: the facts at the leaves of its derivation graph, as few of them as still contradict.

A derivation can lead past facts that are true but not needed. So that nobody is blamed who has nothing to do with it,
facts are left out as long as the rest still has no solution.
"""

from __future__ import annotations

from typing import NamedTuple

from interlock.core.members.asks import Origin
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.resolver.contradiction import smallest
from interlock.core.resolver.dependencies import ROOT
from interlock.core.resolver.incompatibility import (
    Asking,
    Derived,
    Incompatibility,
    NeededBy,
    PackageKey,
    Reason,
    Rejected,
)
from interlock.core.resolver.resolver import Resolver

__all__ = ["Evidence", "Need", "Ruling", "evidence_of"]


class Need(NamedTuple):
    """Somebody wants a package: a member, candidates of another package, or a constraint."""

    depender: PackageKey
    requirement: Requirement
    origin: Origin | None
    kind: Asking
    versions: int
    """The candidates of the depender that say so."""
    admitted: int
    """The candidates of the package that would do."""

    @property
    def name(self) -> NormalizedName:
        return self.requirement.name

    @property
    def text(self) -> str:
        return format_requirement(self.requirement)


class Ruling(NamedTuple):
    """Candidates that cannot be chosen, whatever is asked."""

    name: NormalizedName
    reason: Reason
    detail: str
    mask: int


class Evidence(NamedTuple):
    asked: list[Need]
    """By members and source trees; sorted by member, then text."""
    said: list[Need]
    """By packages, as an index has them."""
    limits: list[Need]
    """By constraints; one of each."""
    ruled_out: list[Ruling]

    @property
    def needs(self) -> list[Need]:
        return [*self.asked, *self.limits, *self.said]


_Group = tuple[str, ...]


def evidence_of(resolver: Resolver, cause: Incompatibility) -> Evidence:
    """The facts behind a failure."""
    certain: list[Incompatibility] = []
    groups: dict[_Group, list[Incompatibility]] = {}
    for leaf in _leaves(cause):
        key = _group(leaf)
        if key is None:
            certain.append(leaf)
        else:
            groups.setdefault(key, []).append(leaf)
    kept = smallest([groups[key] for key in sorted(groups)], certain, resolver.shared.full)
    found = Evidence([], [], [], [])
    for leaves in kept:
        cause_of = leaves[0].cause
        if isinstance(cause_of, Rejected):
            mask = 0
            for leaf in leaves:
                mask |= max(term for _, term in leaf.terms) >> 1
            found.ruled_out.append(Ruling(cause_of.key.name, cause_of.reason, cause_of.detail, mask))
        elif isinstance(cause_of, NeededBy):  # pragma: no branch - there are no other causes of leaves
            need = _need(resolver, leaves, cause_of)
            kind = found.limits if need.kind == "constraint" else found.said if need.origin is None else found.asked
            kind.append(need)
    return found


def _leaves(cause: Incompatibility) -> list[Incompatibility]:
    found = []
    seen: set[int] = set()
    stack = [cause]
    while stack:
        incompatibility = stack.pop()
        if id(incompatibility) in seen:
            continue
        seen.add(id(incompatibility))
        if isinstance(incompatibility.cause, Derived):
            stack.extend((incompatibility.cause.right, incompatibility.cause.left))
        else:
            found.append(incompatibility)
    return found


def _group(leaf: Incompatibility) -> _Group | None:
    """What belongs together to be one fact; None for what nobody can change. Sorted, the first are dropped first."""
    cause = leaf.cause
    if isinstance(cause, Rejected):
        return ("3", cause.key.name, cause.reason, cause.detail)
    if not isinstance(cause, NeededBy) or cause.depender == ROOT:
        return None
    text = format_requirement(cause.requirement)
    if cause.kind == "constraint":
        return ("1", cause.kind, text)
    if cause.origin is not None:
        return ("0", cause.origin.member, cause.origin.table, text)
    return ("2", str(cause.depender), text, cause.kind)


def _need(resolver: Resolver, leaves: list[Incompatibility], cause: NeededBy) -> Need:
    shared = resolver.shared
    depender = shared.ids[cause.depender]
    versions, forbidden = 0, 0
    for leaf in leaves:
        for package, mask in leaf.terms:
            if package == depender:
                versions |= mask >> 1
            elif shared.keys[package].name == cause.requirement.name:  # pragma: no branch - it is one of the two
                forbidden |= mask >> 1
        if len(leaf.terms) == 1 and leaf.terms[0][0] == depender:
            # Nothing of the dependee will do.
            forbidden = -1
    universe = resolver.facts.universes[cause.requirement.name]
    return Need(cause.depender, cause.requirement, cause.origin, cause.kind, versions, universe.full & ~forbidden)
