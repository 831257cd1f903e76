"""The page of a project: from the first place that has one, and an old one where a place is in trouble."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from interlock.errors import InterlockError
from interlock.index.downloads import find_artifact
from interlock.index.failures import BadStatus, HostResting, Unreachable
from interlock.index.fetcher import FetchFailed
from interlock.index.index_pages import Freshness, Pages
from interlock.index.page_cache import CachedPage, Validators
from interlock.index.pages import Page
from interlock.index.retry import PASSING
from interlock.index.upstream import Upstream
from interlock.service.proxy.choice import Choice
from interlock.service.proxy.options import ProxyOptions
from interlock.service.proxy.recent_pages import RecentPages

__all__ = ["Found", "Located", "ProjectPages", "will_pass"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page, and how it was come by."""

    page: Page
    place: str
    """The folder of its index in the cache."""
    index: Index
    validators: Validators
    stale: bool = False
    """Whether it is older than its index allows, because that could not be asked."""

    def left(self, now: float) -> int:
        """Seconds for which it is still good; negative for an old one."""
        return int(self.validators.fetched_at + self.validators.max_age - now)


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """A file on a page."""

    found: Found
    artifact: Artifact
    url: str

    def without_page(self) -> Located:
        """To be kept: where the file is, and nothing of the others on its page, which may be thousands."""
        listing = self.found.page.listing
        page = Page(Listing(name=listing.name, index=listing.index, versions=(), files=()))
        return replace(self, found=replace(self.found, page=page))


class ProjectPages:
    """Pages of origins, kept and renewed as their indexes say."""

    def __init__(self, upstream: Upstream, options: ProxyOptions, clock: Callable[[], float]) -> None:
        self._upstream = upstream
        self._options = options
        self._clock = clock
        self._recent = RecentPages(upstream.cache)

    def __repr__(self) -> str:
        return f"<ProjectPages of {self._upstream!r}>"

    async def find(self, choice: Choice, name: NormalizedName, *, anew: bool = False) -> Found | None:
        """The page of a project, or None when none of the origins has it.

        ``anew`` asks whether it has changed, unless somebody just did.

        Raises :class:`InterlockError` when an origin that might have it gives no answer: the next one is not asked.
        """
        for index in choice.origins:
            found = await self._current(index, name, anew=anew)
            if found is not None:
                return found
        return None

    async def locate(self, choice: Choice, name: NormalizedName, filename: str) -> Located | None:
        """A file by the page that is stored, however old, or else by the one there is now."""
        for index in choice.origins:
            pages = Pages(self._upstream, self._freshness())
            cached = self._recent.load(pages.key(index), name)
            if cached is not None and cached.page is not None:
                located = _locate(self._found(cached, pages.key(index), index), name, filename)
                if located is not None:
                    return located
        current = await self.find(choice, name)
        return None if current is None else _locate(current, name, filename)

    def _freshness(self, *, refresh: bool = False) -> Freshness:
        options, offline = self._options, self._upstream.offline
        return Freshness(now=self._clock(), at_least=options.fresh_for, offline=offline, refresh=refresh)

    async def _current(self, index: Index, name: NormalizedName, *, anew: bool) -> Found | None:
        freshness, now = self._freshness(), self._clock()
        key = Pages(self._upstream, freshness).key(index)
        cached = self._recent.load(key, name)
        anew = anew and cached is not None and now - cached.validators.fetched_at >= self._options.fresh_for
        if cached is None or not freshness.allows(name, cached.validators) or (anew and not freshness.offline):
            pages = Pages(self._upstream, self._freshness(refresh=anew))
            try:
                page = await pages.page(index, name)
            except (BadStatus, HostResting, Unreachable) as failure:
                if cached is None or cached.page is None or not will_pass(failure):
                    raise
                return self._found(cached, key, index, stale=True)
            cached = self._recent.load(key, name) or CachedPage(Validators(fetched_at=now), page)
        return None if cached.page is None else self._found(cached, key, index)

    def _found(self, cached: CachedPage, key: str, index: Index, *, stale: bool = False) -> Found:
        assert cached.page is not None
        late = self._upstream.offline and not cached.validators.is_fresh(self._clock())
        return Found(page=cached.page, place=key, index=index, validators=cached.validators, stale=stale or late)


def will_pass(failure: InterlockError) -> bool:
    """Whether a host is in trouble, rather than of another opinion: what it said before still counts then."""
    if isinstance(failure, BadStatus):
        return failure.status in PASSING or failure.status >= 500
    if isinstance(failure, Unreachable):
        return isinstance(failure.__cause__, FetchFailed) and failure.__cause__.may_pass
    return isinstance(failure, HostResting)


def _locate(found: Found, name: NormalizedName, filename: str) -> Located | None:
    artifact = find_artifact(found.page.listing, name, filename)
    if artifact is None:
        return None
    url = found.page.links.get(filename) or (found.page.base + artifact.location if artifact.location else "")
    return Located(found=found, artifact=artifact, url=url) if url else None
