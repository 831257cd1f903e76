"""Facts: what has been learned of packages so far; the solver reads them, a driver adds to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.markers.readable import why_unreadable
from interlock.core.members.asks import Ask
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.sources.source import Member, Registry, Source
from interlock.core.versions.version_list import VersionList

__all__ = ["Facts", "Known", "Segment", "Universe", "Unusable", "learned", "unreadable_requirement"]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """The candidates of a package that come from one source, as a run of bits of its universe."""

    source: Source
    versions: VersionList
    offset: int
    listing: Listing | None = None
    """None for anything that is not an index."""
    artifact: Artifact | None = None
    """The one file of a direct archive."""

    @property
    def mask(self) -> int:
        return self.versions.full << self.offset


class Universe:
    """All candidates of one package: bit *i* of every set of them stands for candidate *i*.

    Candidates from the index that answers by default come first and in ascending order; those of pinned indexes and
    direct sources follow, a segment each. Without ``has_default`` that index was not asked. The universe never changes
    once the solver has seen it.
    """

    __slots__ = ("_artifacts", "_has_default", "_masks", "full", "missing", "name", "segments", "size")

    def __init__(
        self,
        name: NormalizedName,
        segments: Sequence[tuple[Source, VersionList, Listing | None, Artifact | None]],
        *,
        missing: str = "",
        has_default: bool = True,
    ) -> None:
        self.name = name
        self._has_default = has_default
        made: list[Segment] = []
        offset = 0
        for source, versions, listing, artifact in segments:
            made.append(Segment(source=source, versions=versions, offset=offset, listing=listing, artifact=artifact))
            offset += len(versions)
        self.segments = tuple(made)
        self.size = offset
        self.full = (1 << offset) - 1
        self.missing = missing
        """Why there are no candidates, when there are none."""
        self._masks: dict[tuple[str, Source | None], int] = {}
        self._artifacts: dict[int, tuple[Artifact, ...]] = {}

    def __repr__(self) -> str:
        return f"<Universe {self.name}: {self.size} candidates>"

    def segment(self, position: int) -> Segment:
        for segment in self.segments:
            if position < segment.offset + len(segment.versions):
                return segment
        raise IndexError(position)

    def version(self, position: int) -> str:
        segment = self.segment(position)
        return segment.versions.texts[position - segment.offset]

    def source(self, position: int) -> Source:
        segment = self.segment(position)
        if segment.listing is not None and segment.listing.indexes:
            return Registry(segment.listing.index_of(position - segment.offset))
        return segment.source

    def artifacts(self, position: int) -> tuple[Artifact, ...]:
        found = self._artifacts.get(position)
        if found is None:
            segment = self.segment(position)
            if segment.listing is not None:
                found = segment.listing.artifacts(position - segment.offset)
            else:
                found = (segment.artifact,) if segment.artifact is not None else ()
            self._artifacts[position] = found
        return found

    def find(self, version: str, source: Source) -> int | None:
        """The position of a version from a source; a source tree is found whatever its version is now."""
        for segment in self.segments:
            if segment.source == source:
                if segment.listing is None:
                    return segment.offset
                found = segment.versions.position(version)
                return None if found is None else segment.offset + found
        return None

    def mask(self, specifier: str, source: Source | None = None) -> int:
        """The candidates a specifier admits; only those of one source when that is given."""
        key = (specifier, source)
        found = self._masks.get(key)
        if found is None:
            found = 0
            for segment in self.segments:
                if source is None or segment.source == source:
                    if isinstance(segment.source, Member) and not segment.versions.texts[0]:
                        # A member whose version is dynamic and unknown satisfies whatever is asked of it.
                        found |= segment.mask
                    else:
                        found |= segment.versions.mask(specifier) << segment.offset
            self._masks[key] = found
        return found

    @property
    def is_quarantined(self) -> bool:
        """Whether there is nothing because the index holds the project to be unsafe (PEP 792)."""
        listings = (segment.listing for segment in self.segments)
        return not self.size and any(listing is not None and listing.status == "quarantined" for listing in listings)

    @property
    def is_direct(self) -> bool:
        """Whether no index gives it by default: there is only a member, a source tree, an archive or a pinned index."""
        return not (self._has_default and self.default_mask and isinstance(self.segments[0].source, Registry))

    @property
    def default_mask(self) -> int:
        """Candidates that need no pin: those of the index asked by default, or of the only source there is."""
        if len(self.segments) <= 1:
            return self.full
        first = self.segments[0]
        return first.mask if self._has_default and isinstance(first.source, Registry) else 0


class Known(msgspec.Struct, frozen=True):
    """What a candidate asks for."""

    requires: tuple[Requirement | Ask, ...] = ()
    extras: frozenset[ExtraName] = frozenset()
    requires_python: str = ""
    extra_requires: dict[ExtraName, tuple[Requirement | Ask, ...]] = {}
    """Asks of extras kept apart (members and source trees); an index has them in :attr:`requires` with markers."""
    group_requires: dict[GroupName, tuple[Requirement | Ask, ...]] = {}


class Unusable(msgspec.Struct, frozen=True):
    """A candidate that cannot be chosen, and why (``offline``, ``no metadata``, ``build failed`` ...)."""

    reason: str
    unreadable: bool = False
    """Whether it is there, and says something that nobody can read."""


def learned(metadata: Metadata) -> Known | Unusable:
    """What metadata tells; a requirement that cannot be read makes the whole candidate unusable."""
    problem = unreadable_requirement(metadata.requires)
    if problem:
        return Unusable(problem, unreadable=True)
    return Known(
        requires=metadata.requires, extras=frozenset(metadata.extras), requires_python=metadata.requires_python
    )


def unreadable_requirement(requirements: Iterable[Requirement]) -> str:
    """Why one of them cannot be read, empty when all can."""
    for requirement in requirements:
        problem = why_unreadable(requirement.marker)
        if problem:
            return f"its requirement `{format_requirement(requirement)}` cannot be read: {problem}"
    return ""


class Facts:
    """Grows while a resolution runs; nothing in it is ever changed."""

    def __init__(self) -> None:
        self.universes: dict[NormalizedName, Universe] = {}
        self.dependencies: dict[tuple[NormalizedName, int], Known | Unusable] = {}

    def __repr__(self) -> str:
        return f"<Facts: {len(self.universes)} universes, {len(self.dependencies)} candidates>"
