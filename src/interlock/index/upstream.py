"""What outlives a run: connections, the limits of hosts, pages on disk with their expiry, and what is under way.

A command makes one of these and one :class:`~interlock.index.view.View`; a service makes one, and a view for each job.
Nothing here is remembered by the name that a view has for an index: names are the views' own, and what may be shared is
told by where an index is and for which user it answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import msgspec

from interlock.core.metadata.metadata import Metadata
from interlock.index.auth import Authenticator, CredentialSources
from interlock.index.fetcher import Fetcher
from interlock.index.once import Flights
from interlock.index.outcomes import NeedsBuild
from interlock.index.page_cache import PageCache
from interlock.index.page_reader import PageReader
from interlock.index.pages import Page
from interlock.index.retry import RetryPolicy
from interlock.index.session import Pace, Session, Stats
from interlock.store.blobs import SecondLevel
from interlock.store.layout import Layout

__all__ = ["Upstream", "UpstreamOptions"]


class UpstreamOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the network is used."""

    offline: bool = False
    retry: RetryPolicy = RetryPolicy()
    per_host: int = 50
    """Most requests to one host at a time."""
    rest: float = 0.0
    """Seconds for which a host is left alone after it failed; with 0 everybody may ask again at once."""
    processors: int = 1
    """With more than one, who reads many pages has a second process for them."""


class Upstream:
    """All indexes, for all views of them. Who makes one closes it."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        layout: Layout,
        options: UpstreamOptions,
        credentials: CredentialSources | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        second: SecondLevel | None = None,
    ) -> None:
        self.layout = layout
        self.second = second
        """What others have fetched and learned."""
        self.offline = options.offline
        self.session = Session(
            fetcher,
            Authenticator(credentials or CredentialSources()),
            pace=Pace(retry=options.retry, per_host=options.per_host, rest=options.rest),
            offline=options.offline,
            limits=layout.limits,
            sleep=sleep,
        )
        self.cache = PageCache(layout)
        self.reader = PageReader(layout) if options.processors > 1 else None
        self.pages: Flights[tuple[str, str], Page | None] = Flights()
        """Pages that are being asked for, by the folder of their index and the package."""
        self.metadata: Flights[str, Metadata | NeedsBuild] = Flights()
        """Metadata that is being learned, by its key in the store."""
        self._fetcher = fetcher

    def __repr__(self) -> str:
        return f"<Upstream {self.session!r}>"

    def stats(self) -> Stats:
        """What was asked of the network so far."""
        return self.session.stats()

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            if self.reader is not None:
                await self.reader.close()
            await self._fetcher.close()
