"""What the members and settings say that holds for all forks: pins to sources, environments that must be covered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from interlock.core.markers.diagram import FALSE, TRUE, Marker, any_of, parse_marker
from interlock.core.members.asks import Ask, MemberAsks
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.activation import Activation
from interlock.core.resolver.facts import Universe
from interlock.core.resolver.problem import Problem
from interlock.core.sources.source import Registry, Source
from interlock.core.versions.version_list import is_exact

__all__ = ["Required"]


class _Asked:
    """Where one name is asked for, by source."""

    __slots__ = ("plainly", "selected", "sources")

    def __init__(self) -> None:
        self.sources: dict[Source, Marker] = {}
        self.plainly = FALSE
        """Where a member or a source tree asks for it and names no source."""
        self.selected = FALSE
        """With which parts of conflicts a source is named, in whatever environment."""

    def __repr__(self) -> str:
        return f"<_Asked of {list(self.sources)}>"

    def add(self, source: Source | None, where: Marker, selected: Marker) -> None:
        where = where & selected
        if source is None:
            self.plainly = self.plainly | where
        else:
            self.sources[source] = self.sources.get(source, FALSE) | where
            self.selected = self.selected | selected

    def belongs_elsewhere(self, world: Marker) -> bool:
        """Whether sources are named wherever it is asked for: then no other index is told the name."""
        if not self.sources or not (~self.selected).is_false:
            return False
        return (self.plainly & world).implies(any_of(self.sources.values()))


class Required:
    def __init__(self, problem: Problem, world: Marker, activation: Activation) -> None:
        self._world = world
        self.environments: tuple[Marker, ...] = tuple(parse_marker(text) for text in problem.required_environments)
        self.locked = any_of(map(parse_marker, problem.forks))
        """Where the previous lock's forks are; nowhere when it had none."""
        self._asked: dict[NormalizedName, _Asked] = {}
        overrides: dict[NormalizedName, list[Ask]] = {}
        for ask in problem.limits.overrides:
            overrides.setdefault(ask.requirement.name, []).append(ask)
        for member in problem.members:
            for asks, selected in _tables(member, activation):
                self._add(asks, selected, overrides)
        for package in problem.direct:
            self._add(package.asks.dependencies, TRUE, overrides)
        for ask in problem.limits.asks:
            if ask.source is not None:
                self._of(ask.requirement.name).add(ask.source, parse_marker(ask.requirement.marker), TRUE)

    def _add(self, asks: Iterable[Ask], selected: Marker, overrides: dict[NormalizedName, list[Ask]]) -> None:
        for ask in asks:
            name = ask.requirement.name
            replacing = overrides.get(name)
            if replacing is None:
                self._of(name).add(ask.source, parse_marker(ask.requirement.marker), selected)
                continue
            kept = parse_marker(ask.condition)
            for override in replacing:
                where = parse_marker(override.requirement.marker) & kept
                self._of(name).add(override.source or ask.source, where, selected)

    def _of(self, name: NormalizedName) -> _Asked:
        return self._asked.setdefault(name, _Asked())

    def is_pin(self, requirement: Requirement) -> bool:
        return bool(requirement.specifier) and is_exact(requirement.specifier)

    def indexes(self, name: NormalizedName) -> tuple[str, ...]:
        """Names of the indexes that a package is pinned to somewhere; sorted."""
        asked = self._asked.get(name)
        sources = asked.sources if asked is not None else ()
        return tuple(sorted(source.index for source in sources if isinstance(source, Registry)))

    def belongs_elsewhere(self, name: NormalizedName) -> bool:
        """Whether the indexes that answer by default must not be asked for a name.

        That is so when members, source trees or the root name a source wherever they ask for it: what others ask for
        by that name is the same package then, and its name is nobody else's business.
        """
        asked = self._asked.get(name)
        return asked is not None and asked.belongs_elsewhere(self._world)

    def allowed(self, universe: Universe, env: Marker) -> int:
        """The candidates that may be used in a fork, or the part of a package in it: those of a source asked for there,
        else the default ones.

        Only members, source trees and the root can ask for a source, and they are all in every resolution, so what a
        fork may use is known before it is solved.
        """
        if len(universe.segments) <= 1:
            return universe.full
        asked = self._asked.get(universe.name)
        pinned = sum(
            segment.mask
            for segment in universe.segments
            if asked is not None
            and segment.source in asked.sources
            and not asked.sources[segment.source].is_disjoint(env)
        )
        return pinned or universe.default_mask or universe.full


def _tables(member: MemberAsks, activation: Activation) -> Iterator[tuple[Iterable[Ask], Marker]]:
    """The tables of a member, with the selections in which they count."""
    yield member.dependencies, activation.of(member.name)
    for extra, asks in member.extras.items():
        yield asks, activation.of(member.name, extra)
    for group, asks in member.groups.items():
        yield asks, activation.of(member.name, None, group)
