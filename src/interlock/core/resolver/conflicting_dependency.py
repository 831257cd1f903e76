"""Packages of an index that need what is declared to conflict: only members may.

What a package needs is known when it has been chosen, and it may not be chosen by what it needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import FALSE, format_marker
from interlock.core.members.asks import Ask
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.dependencies import ROOT
from interlock.core.resolver.facts import Known
from interlock.core.resolver.outcome import Unsolvable
from interlock.core.resolver.resolver import Resolver
from interlock.errors import ResolutionError

__all__ = ["ConflictingDependency", "conflicting_dependency", "in_failure"]


class ConflictingDependency(ResolutionError):
    """A package that is no member needs something of a member that is declared to conflict."""

    code = "conflicting-dependency"


def conflicting_dependency(
    name: NormalizedName, version: str, needs: ConflictItem, reached: Iterable[ConflictItem]
) -> ConflictingDependency:
    """The error for a package that needs an item through which conflicting ones are reached."""
    conflicting = sorted(found.key for found in reached)
    return ConflictingDependency(
        f"{f'{name} {version}'.rstrip()} is no member of the workspace and needs {needs.key}, and so what is declared"
        f" to conflict: {', '.join(conflicting)}.",
        hint="Only members can need what conflicts. Take the requirement out with an override or with "
        "`exclude-dependencies`, and let the members ask for it.",
        facts={"package": name, "version": version, "needs": needs.key, "conflicting": conflicting},
    )


def in_failure(resolver: Resolver, outcome: Unsolvable) -> ConflictingDependency | None:
    """The error where a search failed because such a package wants a side beside every other.

    Then it fails for selections that cannot be: for want of another reason, that is how it is known.
    """
    if not resolver.sides or outcome.marker != format_marker(FALSE):
        return None
    members = {ROOT.name, *(member.name for member in resolver.problem.members)}
    for name, position in sorted(resolver.facts.dependencies):
        for requirement in () if name in members else _requirements(resolver, name, position):
            for extra in (None, *requirement.extras):
                item = ConflictItem(requirement.name, extra)
                reached = resolver.activation.reached(item)
                if reached:
                    version = resolver.facts.universes[name].version(position)
                    return conflicting_dependency(name, version, item, reached)
    return None


def _requirements(resolver: Resolver, name: NormalizedName, position: int) -> Iterable[Requirement]:
    known = resolver.facts.dependencies[name, position]
    if isinstance(known, Known):
        for entry in chain(known.requires, *known.extra_requires.values()):
            yield entry.requirement if isinstance(entry, Ask) else entry
