"""One run's view of its indexes: listings, metadata and files of packages, in its order, at its time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import anyio
import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.settings.choices import IndexStrategy
from interlock.core.sources.source import Index
from interlock.errors import IndexFailure
from interlock.events import SILENT, Advanced, Reporter
from interlock.index.defaults import default_index_url
from interlock.index.downloads import Downloads, Fetched, place
from interlock.index.failures import Offline, UnknownIndex
from interlock.index.index_pages import Freshness, Pages
from interlock.index.merging import merge_listings
from interlock.index.metadata import MetadataLadder
from interlock.index.once import Once
from interlock.index.outcomes import Absent, NeedsBuild, Unavailable
from interlock.index.receiver import Receiver
from interlock.index.session import Stats
from interlock.index.upstream import Upstream
from interlock.index.wheel_tail import NotAWheel
from interlock.store.space import named

__all__ = ["View", "ViewOptions"]


class ViewOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run looks at its indexes."""

    now: float
    """Seconds since the epoch; decides whether a cached page is fresh."""
    refresh: bool | Collection[str] = False
    """Ask again for all names, or these, even when a cached page is fresh."""
    strategy: IndexStrategy = "first-index"


class View:
    """Everything is asked for at most once per view, and stays what it was; a view is for one run."""

    def __init__(
        self,
        upstream: Upstream,
        indexes: Sequence[Index],
        *,
        options: ViewOptions,
        pinned: Sequence[Index] = (),
        reporter: Reporter = SILENT,
    ) -> None:
        """``pinned`` are indexes that are only asked for what is pinned to them."""
        self._options = options
        self._layout = upstream.layout
        self._upstream = upstream
        self._reporter = reporter
        self._by_name = {index.name: _with_url(index) for index in (*indexes, *pinned)}
        self._searched = _search_order(tuple(self._by_name[index.name] for index in indexes))
        freshness = Freshness(now=options.now, refresh=options.refresh, offline=upstream.offline)
        self._pages = Pages(upstream, freshness, reporter)
        self._downloads = Downloads(upstream, self._pages)
        self._ladder = MetadataLadder(upstream, self._pages, self._downloads)
        self._listings: Once[tuple[str, str | None], Listing | Absent] = Once()
        self._metadata: Once[tuple[str, str, str, str], Metadata | NeedsBuild | Unavailable] = Once()

    def __repr__(self) -> str:
        return f"<View {list(self._by_name)} of {self._upstream!r}>"

    def stats(self) -> Stats:
        """What was asked of the network so far, by all views."""
        return self._upstream.stats()

    @property
    def fresh_until(self) -> float:
        """Seconds since the epoch: until when another view would see all that this one saw, and ask nobody."""
        return self._pages.fresh_until

    @property
    def page_files(self) -> list[str]:
        """Where the pages are kept that were looked at."""
        return self._pages.files()

    @property
    def skipped_files(self) -> int:
        """Files on fetched pages that were unreadable and left out."""
        return self._pages.skipped

    async def listing(self, name: NormalizedName, index: str | None = None) -> Listing | Absent:
        """All versions of a package: of the first index that has it, or of the one it is pinned to.

        Raises an :class:`IndexFailure` when an index that might have the package gives no usable answer; the next one
        is never asked instead.
        """
        found = self._listings.known((name, index))
        if found is not None:
            return found
        return await self._listings.get((name, index), lambda: self._find(name, index))

    async def metadata(
        self, listing: Listing, position: int, artifacts: Sequence[Artifact] | None = None
    ) -> Metadata | NeedsBuild | Unavailable:
        """The core metadata of the version at a position; ``artifacts`` are the files that may be used, if not all."""
        index, version = self._index(listing.name, listing.index_of(position)), listing.versions[position]
        usable = listing.artifacts(position) if artifacts is None else artifacts
        has_wheel = "wheel" if any(artifact.is_wheel for artifact in usable) else "sdist" if usable else ""
        key = (listing.name, version, index.name, has_wheel)

        async def learn() -> Metadata | NeedsBuild | Unavailable:
            # Where files are is the page's knowledge; this is in memory unless the listing is an earlier run's.
            await self._pages.page(index, listing.name)
            outcome = await self._ladder.climb(index, listing.name, version, usable)
            self._reporter.report(Advanced("metadata", f"{listing.name} {version}"))
            return outcome

        return await self._metadata.get(key, learn)

    def known_metadata(self, name: NormalizedName, index: str, artifact: Artifact) -> Metadata | None:
        """What an index has said of a file before it was fetched; blocking, from the store."""
        return self._ladder.known(self._index(name, index), name, artifact)

    async def wheel_files(self, name: NormalizedName, index: str, artifact: Artifact) -> tuple[str, ...] | None:
        """The names of the files in a wheel; None where they cannot be had.

        Nothing is verified but that it is a wheel: what is said here decides what people are told, and nothing else.
        """
        at = self._index(name, index)
        try:
            if not artifact.location:
                await self._pages.page(at, name)
            return await self._ladder.file_names(at, name, artifact)
        except (NotAWheel, IndexFailure):
            return None

    async def download(
        self, name: NormalizedName, index: str, artifact: Artifact, destination: Path | None = None
    ) -> bytes | Path:
        """A file, verified: at the destination, or its bytes, or when it is large a temporary file of the store."""
        receiver = await self._downloads.fetch(self._index(name, index), name, artifact)
        self._reporter.report(Advanced("download", artifact.filename, amount=receiver.size))
        if destination is None:
            return receiver.content
        await anyio.to_thread.run_sync(self._put, receiver, destination)
        return destination

    async def fetch_url(self, url: str, sha256: str = "", *, hashes: str = "") -> Fetched:
        """A file from a direct URL (``https:`` or ``file:``), verified where hashes are given.

        ``hashes``: as in :mod:`interlock.core.sources.hashes`.
        """
        return await self._downloads.fetch_url(url, sha256, hashes)

    def _put(self, receiver: Receiver, destination: Path) -> None:
        source = receiver.path
        if source is None:
            self._layout.prepare()
            self._layout.tmp.mkdir(parents=True, exist_ok=True)
            handle, text = tempfile.mkstemp(dir=self._layout.tmp)
            with named(text), os.fdopen(handle, "wb") as file:
                file.write(receiver.data)
            source = Path(text)
        place(source, destination)

    def _index(self, name: str, index: str) -> Index:
        found = self._by_name.get(index)
        if found is None:
            raise UnknownIndex(name, index, tuple(self._by_name))
        return found

    async def _find(self, name: NormalizedName, pinned: str | None) -> Listing | Absent:
        indexes = self._searched if pinned is None else (self._index(name, pinned),)
        if not indexes:
            return Absent(name=name, reason="no-index")
        found: list[Listing] = []
        for number, index in enumerate(indexes, 1):
            try:
                page = await self._pages.page(index, name)
            except Offline:
                # The package may be here, so what a later index has cached must not be taken.
                asked = tuple(asked.name for asked in indexes[:number])
                return Absent(name=name, reason="offline", indexes=asked)
            if page is not None:
                found.append(page.listing)
                if self._options.strategy != "unsafe-best-match":
                    break
        if not found:
            return Absent(name=name, indexes=tuple(index.name for index in indexes))
        return found[0] if len(found) == 1 else merge_listings(found)


def _with_url(index: Index) -> Index:
    """An index without a URL stands for PyPI."""
    return index if index.url else msgspec.structs.replace(index, url=default_index_url())


def _search_order(indexes: tuple[Index, ...]) -> tuple[Index, ...]:
    """Lists of files first, the default index last, the others as they come; pinned-only ones not at all."""
    return tuple(
        sorted((index for index in indexes if not index.explicit), key=lambda index: (not index.flat, index.default))
    )
