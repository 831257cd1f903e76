"""What the index has of what is to be published, asked before anything is sent."""

from __future__ import annotations

import anyio
import msgspec

from interlock.core.names import NormalizedName
from interlock.errors import InterlockError, first_error
from interlock.ops.publishing.plan import Release
from interlock.publish.distribution import Distribution
from interlock.publish.presence import Presence
from interlock.publish.state import PublishState

__all__ = ["Survey", "survey"]

_CLOSED = frozenset({"archived", "quarantined"})
_AT_ONCE = 8


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    files: dict[str, str] = {}
    """``absent | same | other`` by file name; empty when there is no index to ask."""
    statuses: dict[NormalizedName, str] = {}
    """What the index says of the projects (PEP 792)."""
    skip_others: bool = False
    """A file with other content counts as being there."""

    def is_there(self, file: Distribution, state: PublishState) -> bool:
        known = self.files.get(file.filename)
        if known is not None:
            return known == "same" or (known == "other" and self.skip_others)
        return state.has(file)

    def is_other(self, file: Distribution) -> bool:
        return self.files.get(file.filename) == "other"

    def missing(self, releases: tuple[Release, ...], state: PublishState) -> list[Distribution]:
        return [file for release in releases for file in release.files if not self.is_there(file, state)]

    def others(self, releases: tuple[Release, ...]) -> list[str]:
        """Names of files that the index has with other content."""
        return [file.filename for release in releases for file in release.files if self.is_other(file)]

    def closed(self, releases: tuple[Release, ...]) -> list[str]:
        """One sentence for each member of whose project the index takes no files any more."""
        return [
            f"{release.name} {release.version}: the index says that the project is {self.statuses[release.name]}"
            for release in releases
            if self.statuses.get(release.name) in _CLOSED
            and any(self.files[file.filename] == "absent" for file in release.files)
        ]

    def without_present(self, releases: tuple[Release, ...]) -> tuple[tuple[Release, ...], list[NormalizedName]]:
        """The releases without those all files of whose version are there, and the names of those."""
        there = [
            release.name
            for release in releases
            if all(self.files.get(file.filename, "absent") != "absent" for file in release.files)
        ]
        left = (release for release in releases if release.name not in there)
        return tuple(_without_needs(release, there) for release in left), there


def _without_needs(release: Release, there: list[NormalizedName]) -> Release:
    return msgspec.structs.replace(release, needs=tuple(need for need in release.needs if need not in there))


async def survey(presence: Presence | None, releases: tuple[Release, ...], *, skip_others: bool) -> Survey:
    """Ask the index for every file; without an index, nothing is known."""
    files: dict[str, str] = {}
    statuses: dict[NormalizedName, str] = {}
    if presence is None:
        return Survey(skip_others=skip_others)
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def one(release: Release) -> None:
        async with limiter:
            shown = await presence.project(release.name)
            statuses[release.name] = shown.status
            for file in release.files:
                files[file.filename] = await presence.compare(file, shown.files)

    failure: InterlockError | None = None
    try:
        async with anyio.create_task_group() as tasks:
            for release in releases:
                tasks.start_soon(one, release)
    except BaseExceptionGroup as group:
        failure = first_error(group)
        if failure is None:
            raise
    if failure is not None:
        raise failure
    return Survey(files=files, statuses=statuses, skip_others=skip_others)
