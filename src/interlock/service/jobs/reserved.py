"""Names that are reserved for an index are asked for nowhere else, whatever the order of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.index.outcomes import Absent, NeedsBuild, Unavailable
from interlock.resolution.driver import Index
from interlock.service.jobs.work import Reserved

__all__ = ["ReservingIndex"]


class ReservingIndex:
    """Asks another index, for a reserved name only where it belongs."""

    def __init__(self, index: Index, reserved: Iterable[Reserved]) -> None:
        self._index = index
        self._reserved = tuple(reserved)

    def __repr__(self) -> str:
        return f"<ReservingIndex {len(self._reserved)} patterns before {self._index!r}>"

    async def listing(self, name: NormalizedName, index: str | None = None) -> Listing | Absent:
        owners = [rule.index for rule in self._reserved if fnmatchcase(name, rule.pattern)]
        if not owners:
            return await self._index.listing(name, index)
        if index is None:
            index = next((owner for owner in owners if owner), None)
        if not index or index not in owners:
            return Absent(name=name)
        return await self._index.listing(name, index)

    async def metadata(
        self, listing: Listing, position: int, artifacts: tuple[Artifact, ...] | None = None
    ) -> Metadata | NeedsBuild | Unavailable:
        return await self._index.metadata(listing, position, artifacts)
