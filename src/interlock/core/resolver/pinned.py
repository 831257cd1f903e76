"""Where the members pin a package to one version, which alone lets a yanked version be chosen (PEP 592).

A pin counts where it applies: under its marker, on the Pythons and in the selections of whoever wrote it, and for an
extra of a source tree where somebody asks for that extra. What an override replaces does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from interlock.core.markers.diagram import FALSE, TRUE, Marker, parse_marker, restrict_extra
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.dependencies import ROOT, Dependencies, keys_of
from interlock.core.resolver.problem import Problem
from interlock.core.sources.source import Source
from interlock.core.versions.version_list import is_exact

__all__ = ["Pin", "Pinned"]

_Tree = tuple[NormalizedName, Source]
_Asked = tuple[Requirement, Source | None, Marker]


class Pin(NamedTuple):
    specifier: str
    source: Source | None
    where: Marker


class Pinned:
    """Found when first asked for: most resolutions meet nothing yanked."""

    def __init__(self, problem: Problem, dependencies: Dependencies, world: Marker) -> None:
        self._problem = problem
        self._direct = {(package.name, package.source): package.asks for package in problem.direct}
        self._world = world
        self._dependencies = dependencies

    def __repr__(self) -> str:
        return f"<Pinned by {len(self._problem.members)} members>"

    def of(self, name: NormalizedName) -> tuple[Pin, ...]:
        return tuple(self._pins.get(name, ()))

    @cached_property
    def _pins(self) -> dict[NormalizedName, list[Pin]]:
        found: dict[NormalizedName, list[Pin]] = {}
        for requirement, source, where in self._asked():
            if requirement.specifier and is_exact(requirement.specifier):
                where = where & self._world
                if not where.is_false:
                    found.setdefault(requirement.name, []).append(Pin(requirement.specifier, source, where))
        return found

    def _asked(self) -> Iterator[_Asked]:
        """All that members, settings and source trees ask for, and where."""
        asked = [*self._of_members()]
        yield from asked
        limits = self._problem.limits
        for ask in (*limits.constraints, *limits.overrides):
            limit = ask.requirement, ask.source, parse_marker(ask.requirement.marker)
            asked.append(limit)
            yield limit
        replaced = {ask.requirement.name for ask in limits.overrides} | self._problem.excludes
        yield from (one for one in self._of_trees(asked) if one[0].name not in replaced)

    def _of_members(self) -> Iterator[_Asked]:
        for member in self._dependencies.of(ROOT, 0):
            for key in keys_of(member):
                for one in self._dependencies.of(key, 0):
                    yield one.requirement, one.source, one.marker & member.marker

    def _of_trees(self, asked: Iterable[_Asked]) -> Iterator[_Asked]:
        """What source trees ask for where they are asked for themselves, with the extras asked for there."""
        reached: dict[tuple[_Tree, ExtraName | None], Marker] = {}
        queue = list(asked)
        while queue:
            requirement, source, where = queue.pop()
            tree = None if source is None else (requirement.name, source)
            if tree is None or tree not in self._direct:
                continue
            for extra in (None, *requirement.extras):
                known = reached.get((tree, extra), FALSE)
                reached[tree, extra] = known | where
                if reached[tree, extra] is not known:  # pragma: no branch - trees that ask for each other in a circle
                    queue += self._of_tree(tree, extra, reached[tree, extra])
        for (tree, extra), where in reached.items():
            yield from self._of_tree(tree, extra, where)

    def _of_tree(self, tree: _Tree, extra: ExtraName | None, where: Marker) -> Iterator[_Asked]:
        active = frozenset(() if extra is None else (extra,))
        for ask in self._direct[tree].dependencies:
            marker = parse_marker(ask.requirement.marker) if ask.requirement.marker else TRUE
            yield ask.requirement, ask.source, restrict_extra(marker, active) & where
