"""An index that says of packages what the workspace states of them, where it does: nothing is fetched or built then."""

from __future__ import annotations

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.stated import StatedMetadata
from interlock.core.names import NormalizedName
from interlock.index.outcomes import Absent, NeedsBuild, Unavailable
from interlock.resolution.driver import Index
from interlock.toolchain.toolchain import Toolchain

__all__ = ["StatedIndex", "stated_metadata"]


class StatedIndex:
    """Asks another index for the rest."""

    def __init__(self, index: Index, stated: StatedMetadata) -> None:
        self._index = index
        self._stated = stated

    def __repr__(self) -> str:
        return f"<StatedIndex {self._stated!r} before {self._index!r}>"

    async def listing(self, name: NormalizedName, index: str | None = None) -> Listing | Absent:
        return await self._index.listing(name, index)

    async def metadata(
        self, listing: Listing, position: int, artifacts: tuple[Artifact, ...] | None = None
    ) -> Metadata | NeedsBuild | Unavailable:
        """What is stated of the version, or what the index says."""
        stated = self._stated.of(listing.name, listing.versions[position])
        return stated if stated is not None else await self._index.metadata(listing, position, artifacts)


def stated_metadata(toolchain: Toolchain) -> StatedMetadata:
    """What the root of the workspace states."""
    return StatedMetadata(toolchain.options.tool.dependency_metadata)
