"""What the members and settings say that holds for all forks: pins to sources, environments that must be covered."""

from __future__ import annotations

from interlock.core.markers.diagram import FALSE, Marker, parse_marker
from interlock.core.names import NormalizedName
from interlock.core.requirements import Requirement
from interlock.core.resolver.facts import Universe
from interlock.core.resolver.problem import Problem
from interlock.core.sources import Source
from interlock.core.versions import is_exact

__all__ = ["Required"]


class Required:
    def __init__(self, problem: Problem) -> None:
        self.environments: tuple[Marker, ...] = tuple(parse_marker(text) for text in problem.required_environments)
        self.locked = FALSE
        """Where the previous lock's forks are; nowhere when it had none."""
        for text in problem.forks:
            self.locked = self.locked | parse_marker(text)
        self._sources: dict[NormalizedName, dict[Source, Marker]] = {}
        for member in (*problem.members, *problem.direct.values()):
            for asks in (member.dependencies, *member.extras.values(), *member.groups.values()):
                for ask in asks:
                    if ask.source is not None:
                        where = parse_marker(ask.requirement.marker)
                        known = self._sources.setdefault(ask.requirement.name, {})
                        known[ask.source] = known[ask.source] | where if ask.source in known else where

    def is_pin(self, requirement: Requirement) -> bool:
        return bool(requirement.specifier) and is_exact(requirement.specifier)

    def allowed(self, universe: Universe, env: Marker) -> int:
        """The candidates that may be used in a fork: those of a source asked for there, else the default ones.

        Only members and source trees can ask for a source, and they are all in every resolution, so what a fork may
        use is known before it is solved.
        """
        if len(universe.segments) <= 1:
            return universe.full
        asked = self._sources.get(universe.name, {})
        pinned = sum(
            segment.mask
            for segment in universe.segments
            if segment.source in asked and not asked[segment.source].is_disjoint(env)
        )
        return pinned or universe.default_mask
