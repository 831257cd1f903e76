"""The index client: listings, metadata and files of packages, over any number of indexes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType

import anyio
import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from interlock.events import SILENT, Advanced, Reporter
from interlock.index.auth import Authenticator, CredentialSources
from interlock.index.defaults import default_index_url
from interlock.index.downloads import Downloads, Fetched, place
from interlock.index.failures import Offline, UnknownIndex
from interlock.index.fetcher import Fetcher
from interlock.index.index_pages import Freshness, Pages
from interlock.index.merging import merge_listings
from interlock.index.metadata import MetadataLadder
from interlock.index.once import Once
from interlock.index.outcomes import Absent, NeedsBuild, Unavailable
from interlock.index.page_cache import PageCache
from interlock.index.page_reader import PageReader
from interlock.index.receiver import Receiver
from interlock.index.retry import RetryPolicy
from interlock.index.session import Session, Stats
from interlock.store.layout import Layout
from interlock.store.space import named

__all__ = ["ClientOptions", "IndexClient"]


class ClientOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run uses its indexes."""

    now: float
    """Seconds since the epoch; decides whether a cached page is fresh."""
    refresh: bool | Collection[str] = False
    """Ask again for all names, or these, even when a cached page is fresh."""
    offline: bool = False
    strategy: str = "first-index"
    """``first-index | unsafe-first-match | unsafe-best-match``"""
    retry: RetryPolicy = RetryPolicy()
    per_host: int = 50
    """Most requests to one host at a time."""
    processors: int = 1
    """With more than one, a run that reads many pages has a second process for them."""


class IndexClient:
    """Everything is asked for at most once per client; a client is for one run."""

    def __init__(
        self,
        indexes: Sequence[Index],
        *,
        options: ClientOptions,
        fetcher: Fetcher,
        layout: Layout,
        credentials: CredentialSources | None = None,
        reporter: Reporter = SILENT,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._options = options
        self._layout = layout
        self._fetcher = fetcher
        self._reporter = reporter
        self._by_name = {index.name: _with_url(index) for index in indexes}
        self._searched = _search_order(tuple(self._by_name.values()))
        self._session = Session(
            fetcher,
            Authenticator(credentials or CredentialSources()),
            policy=options.retry,
            per_host=options.per_host,
            offline=options.offline,
            limits=layout.limits,
            sleep=sleep,
        )
        freshness = Freshness(now=options.now, refresh=options.refresh, offline=options.offline)
        reader = PageReader(layout) if options.processors > 1 else None
        self._pages = Pages(self._session, PageCache(layout), freshness, reporter, reader=reader)
        self._downloads = Downloads(self._session, self._pages, layout)
        self._ladder = MetadataLadder(self._session, self._pages, self._downloads, layout, offline=options.offline)
        self._listings: Once[tuple[str, str | None], Listing | Absent] = Once()
        self._metadata: Once[tuple[str, str, str, str], Metadata | NeedsBuild | Unavailable] = Once()

    def __repr__(self) -> str:
        return f"<IndexClient {list(self._by_name)} {self._session!r}>"

    async def __aenter__(self) -> IndexClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def admit(self, indexes: Iterable[Index]) -> None:
        """Answer for more indexes, to those who pin something to them."""
        self._by_name |= {index.name: _with_url(index) for index in indexes}

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._pages.close()
            await self._fetcher.close()

    def stats(self) -> Stats:
        """What was asked of the network so far."""
        return self._session.stats()

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
