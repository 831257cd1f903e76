"""Facts for the solver: the only loop that awaits for it, and the crawl that runs ahead of it.

The solver is synchronous and asks for one fact at a time; waiting for each would cost a round trip per package. So
every requirement that comes to light is followed at once: its package's listing is fetched, the candidate that will
probably be chosen is guessed the way the solver chooses, and its metadata is fetched, which brings new requirements.
The guess decides only what is fetched early, never what is chosen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.markers.diagram import Marker, parse_marker, restrict_extra, tests_extras
from interlock.core.members.asks import Ask
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.facts import Known, Universe, Unusable, learned
from interlock.core.resolver.outcome import Needs, Solved, Unsolvable
from interlock.core.resolver.problem import DirectPackage
from interlock.core.resolver.resolver import Resolver
from interlock.core.sources.source import Registry, Source
from interlock.core.versions.version_list import VersionList
from interlock.events import SILENT, Advanced, Reporter
from interlock.index.outcomes import Absent, NeedsBuild, Unavailable

_NO_EXTRAS: frozenset[str] = frozenset()

__all__ = ["BuildMetadata", "FactsDriver", "Index"]


class Index(Protocol):
    """What the driver needs of an index client."""

    async def listing(self, name: NormalizedName, index: str | None = None) -> Listing | Absent: ...

    async def metadata(
        self, listing: Listing, position: int, artifacts: tuple[Artifact, ...] | None = None
    ) -> Metadata | NeedsBuild | Unavailable: ...


BuildMetadata = Callable[[NormalizedName, str, str, Artifact], Awaitable[Metadata | Unavailable]]
"""Name, version, index, sdist: the metadata that building it gives."""


class FactsDriver:
    """Feeds one resolver until it has an answer."""

    def __init__(
        self,
        resolver: Resolver,
        index: Index,
        build: BuildMetadata,
        *,
        reporter: Reporter = SILENT,
    ) -> None:
        self._resolver = resolver
        self._facts = resolver.facts
        self._index = index
        self._build = build
        self._direct: dict[NormalizedName, list[DirectPackage]] = {}
        for package in resolver.problem.direct:
            self._direct.setdefault(package.name, []).append(package)
        self._reporter = reporter
        self._universes: dict[NormalizedName, anyio.Event] = {}
        self._candidates: dict[tuple[NormalizedName, int], anyio.Event] = {}
        self._wished: dict[NormalizedName, int] = {}
        """Per package: the candidates that everything seen so far admits, for guessing."""
        self._waiting: dict[NormalizedName, list[tuple[str, Source | None]]] = {}
        self._followed: set[tuple[NormalizedName, str, Source | None]] = set()
        self._relevant: dict[tuple[str, frozenset[str]], bool] = {}
        self._extras: dict[NormalizedName, frozenset[str]] = {}
        """Extras that some requirement asked for."""
        self._tasks: TaskGroup | None = None

    def __repr__(self) -> str:
        return f"<FactsDriver: {len(self._universes)} packages, {len(self._candidates)} candidates>"

    async def run(self) -> Solved | Unsolvable:
        """Drive the resolver to its answer; errors of the index or of a build come out as they are."""
        outcome: Needs | Solved | Unsolvable = Needs()
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            for member in self._resolver.problem.members:
                self._follow(tuple(member.every()))
            for (name, _), known in list(self._facts.dependencies.items()):
                if isinstance(known, Known) and isinstance(self._facts.universes[name].segments[0].source, Registry):
                    self._follow(known.requires)
            while isinstance(outcome, Needs):
                await self._obtain(outcome)
                outcome = self._resolver.advance()
            tasks.cancel_scope.cancel()
        assert not isinstance(outcome, Needs)
        return outcome

    async def _obtain(self, needs: Needs) -> None:
        for name in needs.universes:
            self._want_universe(name)
        for name, position in needs.dependencies:
            self._want_candidate(name, position)
        for name in needs.universes:
            await self._universes[name].wait()
        for key in needs.dependencies:
            await self._candidates[key].wait()

    # ---- running ahead ---------------------------------------------------------------------------------------

    def _follow(self, requirements: Iterable[Requirement | Ask], extras: frozenset[str] = _NO_EXTRAS) -> None:
        """Fetch what the requirements will probably need; those that can never apply are left alone."""
        excluded = self._resolver.problem.excludes
        for item in requirements:
            requirement, source = (item.requirement, item.source) if isinstance(item, Ask) else (item, None)
            name = requirement.name
            if name in excluded or not self._may_apply(requirement.marker, extras):
                continue
            if requirement.extras:
                self._follow_extras(name, frozenset(requirement.extras))
            key = (name, requirement.specifier, source)
            if key in self._followed:
                continue
            self._followed.add(key)
            if name in self._facts.universes:
                self._guess(name, requirement.specifier, source)
            else:
                self._waiting.setdefault(name, []).append((requirement.specifier, source))
                self._want_universe(name)

    def _follow_extras(self, name: NormalizedName, extras: frozenset[str]) -> None:
        known = self._extras.get(name, _NO_EXTRAS)
        if extras <= known:
            return
        self._extras[name] = known | extras
        for key in [key for key in self._candidates if key[0] == name]:
            found = self._facts.dependencies.get(key)
            if isinstance(found, Known):
                self._follow(found.requires, self._extras[name])

    def _may_apply(self, text: str, extras: frozenset[str]) -> bool:
        if not text:
            return True
        found = self._relevant.get((text, extras))
        if found is None:
            marker: Marker = parse_marker(text)
            if tests_extras(marker):
                marker = restrict_extra(marker, extras)
            found = self._relevant[text, extras] = not marker.is_disjoint(self._resolver.world)
        return found

    def _guess(self, name: NormalizedName, specifier: str, source: Source | None) -> None:
        universe = self._facts.universes[name]
        admitted = universe.mask(specifier, source)
        wished = self._wished.get(name, universe.full) & admitted
        self._wished[name] = wished or self._wished.get(name, admitted)
        position = self._likely(universe, wished or admitted)
        if position is not None and isinstance(universe.source(position), Registry):
            self._want_candidate(name, position)

    def _likely(self, universe: Universe, mask: int) -> int | None:
        """The candidate the solver would try first where the newest Python is used."""
        candidates = self._resolver.candidates
        for rejection in candidates.rejections(universe.name, self._resolver.world):
            mask &= ~rejection.mask
        while mask:
            position = candidates.locked(universe.name, mask, self._resolver.world)
            if position is None:
                position = candidates.best(universe.name, mask)
            usability = candidates.usability(universe.name, position)
            if usability.has_files and not usability.python.is_disjoint(self._resolver.world):
                return position
            mask &= ~(1 << position)
        return None

    # ---- fetching --------------------------------------------------------------------------------------------

    def _start(self, task: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        assert self._tasks is not None
        self._tasks.start_soon(task, *args)

    def _want_universe(self, name: NormalizedName) -> None:
        if name not in self._universes:
            self._universes[name] = anyio.Event()
            if name in self._facts.universes:
                self._universes[name].set()
            else:
                self._start(self._fetch_universe, name)

    def _want_candidate(self, name: NormalizedName, position: int) -> None:
        key = (name, position)
        if key not in self._candidates:
            self._candidates[key] = anyio.Event()
            if key in self._facts.dependencies:
                self._candidates[key].set()
            else:
                self._start(self._fetch_candidate, name, position)

    async def _fetch_universe(self, name: NormalizedName) -> None:
        segments: list[tuple[Source, VersionList, Listing | None, Artifact | None]] = []
        reason = ""
        direct = self._direct.get(name, ())
        required = self._resolver.shared.required
        has_default = not required.belongs_elsewhere(name)
        for index in (*((None,) if has_default else ()), *required.indexes(name)):
            listing = await self._index.listing(name, index)
            if isinstance(listing, Absent):
                reason = reason or listing.reason
                continue
            registry = Registry(listing.index)
            if all(registry != known[0] for known in segments):
                segments.append((registry, VersionList(listing.versions), listing, None))
        segments += [(found.source, VersionList((found.version,)), None, found.artifact) for found in direct]
        universe = self._facts.universes[name] = Universe(
            name, segments, missing="" if segments else reason, has_default=has_default
        )
        for segment, candidate in zip(universe.segments[len(universe.segments) - len(direct) :], direct, strict=True):
            self._facts.dependencies[name, segment.offset] = candidate.known
            self._follow(candidate.known.requires)
        self._universes[name].set()
        for specifier, source in self._waiting.pop(name, ()):
            self._guess(name, specifier, source)

    async def _fetch_candidate(self, name: NormalizedName, position: int) -> None:
        universe = self._facts.universes[name]
        segment = universe.segment(position)
        assert segment.listing is not None, (name, position)
        files = self._resolver.candidates.artifacts(name, position)
        found = await self._index.metadata(segment.listing, position - segment.offset, files)
        version = universe.version(position)
        if isinstance(found, NeedsBuild):
            found = await self._build(name, version, segment.listing.index, found.artifact)
        if isinstance(found, Metadata):
            known = self._facts.dependencies[name, position] = learned(found)
            self._reporter.report(Advanced("resolve", f"{name} {version}"))
            self._candidates[name, position].set()
            if isinstance(known, Known):
                self._follow(found.requires, self._extras.get(name, _NO_EXTRAS))
        else:
            assert isinstance(found, Unavailable), found
            self._facts.dependencies[name, position] = Unusable(found.reason)
            self._candidates[name, position].set()
