"""The index for everybody: what it knows, whom it asks, and what it hands on."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.sources.source import Index
from interlock.index.auth import CredentialSources
from interlock.index.page_cache import Validators
from interlock.index.retry import RetryPolicy
from interlock.index.upstream import Upstream, UpstreamOptions
from interlock.service.guarded_fetcher import GuardedFetcher
from interlock.service.proxy.choice import Choice, Choices, is_named
from interlock.service.proxy.files import FileMeans, Files
from interlock.service.proxy.options import ProxiedIndex, ProxyOptions, check_index
from interlock.service.proxy.own_packages import OwnPackages, Uploaded
from interlock.service.proxy.project_names import Names, ProjectNames
from interlock.service.proxy.project_pages import Found, Located, ProjectPages
from interlock.service.proxy.refusals import BadUpload
from interlock.store.blobs import SecondLevel
from interlock.store.layout import Layout

__all__ = ["Proxy", "open_proxy"]


class Proxy:
    """Complete while :func:`open_proxy` holds it open."""

    def __init__(
        self,
        options: ProxyOptions,
        upstream: Upstream,
        files: Files,
        means: FileMeans,
    ) -> None:
        self.options = options
        self.upstream = upstream
        self.files = files
        self.clock = means.clock
        self.reserve = means.reserve
        self.choices = Choices(options)
        self._indexes = {index.name: index for index in options.indexes}
        self._pages = ProjectPages(upstream, options, means.clock)
        self._names = ProjectNames(upstream, options, means.clock)
        folder = options.own_packages
        self.own = None if folder is None else OwnPackages(folder, upstream.layout.limits)

    def __repr__(self) -> str:
        return f"<Proxy of {sorted(self._indexes)}>"

    def index(self, name: str) -> ProxiedIndex | None:
        return self._indexes.get(name)

    async def page(
        self, index: ProxiedIndex, choice: Choice, name: NormalizedName, *, anew: bool = False
    ) -> Found | None:
        """The page of a project: of what was uploaded here, else of the first origin that has one.

        ``anew`` asks the origins whether it has changed.

        Raises :class:`InterlockError` when that cannot be told.
        """
        own = await self._own_page(index, choice, name)
        return own if own is not None else await self._pages.find(choice, name, anew=anew)

    async def locate(self, index: ProxiedIndex, choice: Choice, name: NormalizedName, filename: str) -> Located | None:
        """A file of an origin; what was uploaded here is :meth:`own_file`."""
        if choice.own and await self._own_page(index, choice, name) is not None:
            return None
        return await self._pages.locate(choice, name, filename)

    async def own_file(self, index: ProxiedIndex, choice: Choice, name: NormalizedName, filename: str) -> Path | None:
        if self.own is None or not choice.own:
            return None
        return await anyio.to_thread.run_sync(self.own.file, index.name, name, filename)

    async def own_metadata(
        self, index: ProxiedIndex, choice: Choice, name: NormalizedName, filename: str
    ) -> bytes | None:
        if self.own is None or not choice.own:
            return None
        return await anyio.to_thread.run_sync(self.own.metadata, index.name, name, filename)

    async def names(self, index: ProxiedIndex) -> Names:
        """All projects that this index may answer for."""
        told = [(origin.index, await self._names.of(origin.index)) for origin in index.origins]
        if self.choices.are_free(index) and len(told) == 1:
            return told[0][1]
        stale = any(names.stale for _, names in told)
        # An index may have hundreds of thousands.
        return Names(await anyio.to_thread.run_sync(self._admitted, index, told), stale)

    def _admitted(self, index: ProxiedIndex, told: Sequence[tuple[Index, Names]]) -> tuple[NormalizedName, ...]:
        choices = self.choices
        found = {name for origin, names in told for name in names.names if origin in choices.of(index, name).origins}
        if self.own is not None and index.takes_uploads:
            own = map(normalize_name, self.own.names(index.name))
            found.update(name for name in own if choices.of(index, name).own)
        return tuple(sorted(found))

    async def upload(self, index: ProxiedIndex, uploaded: Uploaded) -> bool:
        """Take an uploaded file; whether it is new.

        Raises :class:`BadUpload`, and :class:`AlreadyThere` for other bytes under a name that is there.
        """
        if self.own is None or not index.takes_uploads:
            raise BadUpload(uploaded.filename, f"the index `{index.name}` takes no uploads")
        if not is_name(uploaded.name):
            raise BadUpload(uploaded.filename, "the form does not say whose file it is (`name`)")
        name = normalize_name(uploaded.name)
        if not self.choices.of(index, name).own:
            ours = ", ".join(index.own_names)
            raise BadUpload(uploaded.filename, f"`{name}` is no name that is uploaded to `{index.name}` ({ours})")
        return await anyio.to_thread.run_sync(self.own.add, index.name, name, uploaded, self.clock())

    def may_be_told_of(self, name: NormalizedName) -> bool:
        """Whether who may not use an index may be told that there is nothing on it."""
        reserved = any(is_named(index.reserved, name) for index in self.options.indexes)
        return not reserved and not self.choices.claimed(name)

    async def _own_page(self, index: ProxiedIndex, choice: Choice, name: NormalizedName) -> Found | None:
        if self.own is None or not choice.own:
            return None
        page = await anyio.to_thread.run_sync(self.own.page, index.name, name)
        if page is None:
            return None
        mark = hashlib.sha256(b",".join(page.listing.files)).hexdigest()
        return Found(
            page=page,
            place=f"own {index.name}",
            index=Index(name=index.name, url=""),
            validators=Validators(fetched_at=self.clock(), body=mark),
        )


@asynccontextmanager
async def open_proxy(
    options: ProxyOptions, layout: Layout, means: FileMeans, second: SecondLevel | None = None
) -> AsyncIterator[Proxy]:
    """A proxy that keeps what it fetches in a store. What it fetches when this is left is given up.

    ``second`` has what other proxies have fetched.
    Raises :class:`BadProxiedIndex`.
    """
    for index in options.indexes:
        check_index(index, has_folder=options.own_packages is not None)
    declared = [origin.index.url for index in options.indexes for origin in index.origins]
    upstream = Upstream(
        fetcher=GuardedFetcher(options.fetch, [*declared, *options.hosts]),
        layout=layout,
        options=UpstreamOptions(
            offline=options.offline, retry=RetryPolicy(retries=0), per_host=options.per_host, rest=options.rest
        ),
        credentials=CredentialSources(named=options.credentials),
        second=second,
    )
    tasks = anyio.create_task_group()
    await tasks.__aenter__()
    try:
        yield Proxy(options, upstream, Files(upstream, tasks, means), means)
    finally:
        # What goes wrong meanwhile is its own affair; the group is only told that it is over.
        tasks.cancel_scope.cancel()
        try:
            await tasks.__aexit__(None, None, None)
        finally:
            await upstream.close()
