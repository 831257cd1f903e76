"""Listings by name: from memory, from the cache, or from an index."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import anyio
import msgspec

from interlock.core.names import NormalizedName
from interlock.core.sources.addresses import address_problem
from interlock.core.sources.logins import redact, without_login
from interlock.core.sources.source import Index
from interlock.events import SILENT, Noted, Reporter
from interlock.index.again import twice
from interlock.index.failures import BadPage, BadStatus, Offline
from interlock.index.fetcher import Response
from interlock.index.file_places import readable
from interlock.index.filenames import possible_names
from interlock.index.local_pages import read_flat, read_project
from interlock.index.once import Once
from interlock.index.page_cache import Bases, CachedFlat, CachedPage, Validators, index_key, validators_of
from interlock.index.page_file import PageFile, PageFiles
from interlock.index.page_process import Order
from interlock.index.page_text import ACCEPT, parse_page
from interlock.index.pages import Page, make_page, page_of, read_page
from interlock.index.upstream import Upstream
from interlock.index.urls import is_remote, join

__all__ = ["Freshness", "Pages"]


_ANSWERS_NOBODY_ASKED = frozenset({206, 304})
_MANY = 24
"""Pages under way from which on a second process is worth its start."""
_LARGE = 32 << 10
"""Bytes of a page from which on it is worth being passed on."""


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """When a cached page may be used."""

    now: float
    """Seconds since the epoch."""
    refresh: bool | Collection[str] = False
    """Ask again even when a page is fresh: always, or for these names."""
    offline: bool = False
    at_least: float = 0.0
    """Seconds for which a page is good whatever its index says: many who want it at once are one."""

    def allows(self, name: str, validators: Validators) -> bool:
        if self.offline:
            return True
        forced = self.refresh if isinstance(self.refresh, bool) else name in self.refresh
        return not forced and (validators.is_fresh(self.now) or 0 <= self.now - validators.fetched_at < self.at_least)


class Pages:
    """The pages of every index, as one run sees them: each is looked for once and stays what it was."""

    def __init__(
        self,
        upstream: Upstream,
        freshness: Freshness,
        reporter: Reporter = SILENT,
    ) -> None:
        self._reader = upstream.reader
        self._fetching = 0
        self._reporter = reporter
        self._session = upstream.session
        self._cache = upstream.cache
        self._under_way = upstream.pages
        self._freshness = freshness
        self._pages: Once[tuple[str, str], Page | None] = Once()
        self._flats: Once[str, dict[NormalizedName, list[PageFile]]] = Once()
        self._bases: dict[str, Bases] = {}
        self._keys: dict[str, str] = {}
        self._led: set[tuple[str, NormalizedName]] = set()
        self.skipped = 0
        self.fresh_until = math.inf
        """Seconds since the epoch: until when another run would take all the same pages without asking anybody."""

    def __repr__(self) -> str:
        return f"<Pages {self._pages!r}>"

    def known(self, index: Index, name: NormalizedName) -> Page | None:
        """A page of this run."""
        return self._pages.known((index.name, name))

    async def page(self, index: Index, name: NormalizedName) -> Page | None:
        """The page of a package, or None where the index has none.

        Raises :class:`Offline` when it is neither cached nor allowed to be fetched.
        """
        found = self._pages.known((index.name, name))
        if found is not None:
            return found
        return await self._pages.get((index.name, name), lambda: self._load(index, name))

    def key(self, index: Index) -> str:
        """The folder of an index in the cache."""
        found = self._keys.get(index.name)
        if found is None:
            found = self._keys[index.name] = index_key(index, self._session.auth.identity(index))
        return found

    def files(self) -> list[str]:
        """Where the pages are kept that this run has taken, as far as they came from a cache or are in it now."""
        return [self._cache.path(self._keys[index], name) for index, name in self._pages if index in self._keys]

    def base(self, index: Index, name: NormalizedName) -> str:
        """Where a package's files are, as far as it was ever learned."""
        bases = self._known_bases(index)
        return bases.others.get(name, bases.usual)

    def _known_bases(self, index: Index) -> Bases:
        found = self._bases.get(index.name)
        if found is None:
            found = self._bases[index.name] = self._cache.load_bases(self.key(index))
        return found

    def _learn_base(self, index: Index, name: NormalizedName, page: Page) -> None:
        if not page.base or self.base(index, name) == page.base:
            return
        bases = self._known_bases(index)
        if not bases.usual:
            bases = Bases(page.base, bases.others)
        elif bases.usual == page.base:
            bases = Bases(bases.usual, {other: base for other, base in bases.others.items() if other != name})
        else:
            bases = Bases(bases.usual, {**bases.others, name: page.base})
        self._bases[index.name] = bases
        self._cache.save_bases(self.key(index), bases)

    async def _load(self, index: Index, name: NormalizedName) -> Page | None:
        if index.flat:
            self.fresh_until = 0.0
            return await self._from_flat(index, name)
        if not is_remote(index.url):
            self.fresh_until = 0.0
            files = await anyio.to_thread.run_sync(read_project, index.url, name, index.name)
            return None if files is None else make_page(name, index.name, index.url, files)
        key = self.key(index)
        cached = self._cache.load(key, name)
        if cached is not None and self._freshness.allows(name, cached.validators):
            self._note_age(cached.validators)
            return _renamed(cached.page, index)
        if self._freshness.offline:
            raise Offline(f"The page of `{name}`", index=index.name)
        page = await self._under_way.get((key, name), lambda: self._fetch(index, name, key, cached))
        if (key, name) not in self._led:
            # Another run fetched it, and knows for how long it is good.
            self.fresh_until = 0.0
        return _renamed(page, index)

    def _note_age(self, validators: Validators) -> None:
        self.fresh_until = min(self.fresh_until, validators.fetched_at + validators.max_age)

    async def _fetch(self, index: Index, name: NormalizedName, key: str, cached: CachedPage | None) -> Page | None:
        self._led.add((key, name))
        headers = {"accept": ACCEPT}
        if cached is not None and cached.page is not None:
            headers |= cached.validators.conditions()
        url = f"{index.url.rstrip('/')}/{name}/"

        async def attempt(more: Mapping[str, str]) -> Page | None:
            response = await self._session.get(url, "page", index=index, headers={**headers, **more})
            return await self._received(index, name, key, cached, response)

        self._fetching += 1
        try:
            return await twice(attempt, (BadPage,))
        finally:
            self._fetching -= 1

    async def _received(
        self, index: Index, name: NormalizedName, key: str, cached: CachedPage | None, response: Response
    ) -> Page | None:
        if response.status == 304 and cached is not None and cached.page is not None:
            validators = _renewed(cached.validators, response, self._freshness.now)
            self._note_age(validators)
            self._cache.save(key, name, CachedPage(validators, cached.page))
            return _renamed(cached.page, index)
        if response.status in _ANSWERS_NOBODY_ASKED:
            # A part of a page, or that it has not changed: nothing was said about whether there is one.
            raise BadStatus(redact(without_login(response.url)), response.status, index=index.name)
        if response.status != 200:
            validators = validators_of(response.headers, self._freshness.now, absent=True)
            self._note_age(validators)
            self._cache.save(key, name, CachedPage(validators, None))
            return None
        validators = validators_of(response.headers, self._freshness.now)
        self._note_age(validators)
        if not validators.conditions():
            # An index that cannot say whether a page has changed: the page says so itself.
            validators = msgspec.structs.replace(validators, body=_digest(response))
        if cached is not None and cached.page is not None and cached.validators.body == validators.body != "":
            if validators.max_age or validators.conditions():
                self._cache.save(key, name, CachedPage(validators, cached.page))
            return _renamed(cached.page, index)
        page = await self._read(index, name, response, validators)
        self._learn_base(index, name, page)
        return page

    async def _read(self, index: Index, name: NormalizedName, response: Response, validators: Validators) -> Page:
        """Read a page and store it, here or in a second process."""
        kind = response.headers.get("content-type", "")
        reader = self._reader if len(response.body) >= _LARGE and validators.storable and "json" in kind else None
        if reader is not None and reader.works and (reader.is_started or self._fetching >= _MANY):
            order = Order(
                name=name,
                index=index.name,
                url=without_login(response.url),
                body="",
                store="",
                key=self.key(index),
                validators=validators,
            )
            found = await reader.read(order, response.body)
            if found is not None:
                return self._noted(response, *page_of(found, name, index.name, response.body))
        page = self._parse(index, name, response)
        # Pages are large: they are written while others are being read.
        await anyio.to_thread.run_sync(self._cache.save, self.key(index), name, CachedPage(validators, page))
        return page

    def _parse(self, index: Index, name: NormalizedName, response: Response) -> Page:
        url, kind = without_login(response.url), response.headers.get("content-type", "")
        return self._noted(response, *read_page(name, response.body, kind, url, index=index.name))

    def _noted(self, response: Response, page: Page, notes: Sequence[str]) -> Page:
        self.skipped += page.skipped
        for note in notes:
            self._reporter.report(Noted(f"skipped on {redact(without_login(response.url))}: {note}"))
        return page

    async def _from_flat(self, index: Index, name: NormalizedName) -> Page | None:
        by_name = await self._flats.get(index.name, lambda: self._load_flat(index))
        files = by_name.get(name)
        if not files:
            return None
        page = make_page(name, index.name, index.url, PageFiles(files=files))
        # An sdist's name may look like another package's too; only what remains counts.
        return page if page.listing.versions else None

    async def _load_flat(self, index: Index) -> dict[NormalizedName, list[PageFile]]:
        if not is_remote(index.url):
            page = await anyio.to_thread.run_sync(read_flat, index.url, index.name)
            return _by_name(_absolute(page.files, page.base))
        key = self.key(index)
        cached = self._cache.load_flat(key)
        if cached is not None and self._freshness.allows(index.name, cached.validators):
            return _by_name(cached.files)
        if self._freshness.offline:
            raise Offline(f"The page of the index `{index.name}`", index=index.name)
        return await twice(lambda headers: self._fetch_flat(index, key, cached, headers), (BadPage,))

    async def _fetch_flat(
        self, index: Index, key: str, cached: CachedFlat | None, more: Mapping[str, str]
    ) -> dict[NormalizedName, list[PageFile]]:
        headers = {"accept": ACCEPT, **(cached.validators.conditions() if cached is not None else {}), **more}
        response = await self._session.get(index.url, "page", index=index, headers=headers)
        if response.status == 304 and cached is not None:
            validators = _renewed(cached.validators, response, self._freshness.now)
            self._cache.save_flat(key, CachedFlat(validators, cached.url, cached.files))
            return _by_name(cached.files)
        if response.status in index.ignore_error_codes:
            return {}
        if response.status != 200:
            # Somebody wrote this very URL; a page of a package may be missing, a list of all files may not.
            raise BadPage(redact(index.url), f"the index answered HTTP {response.status}", index=index.name)
        url = without_login(response.url)
        parsed = parse_page(response.body, response.headers.get("content-type", ""), url, index=index.name)
        base = join(url, parsed.base) if parsed.base and not address_problem(parsed.base) else url
        kept, notes = readable(parsed.files, base, url)
        for note in notes:
            self._reporter.report(Noted(f"skipped on {redact(url)}: {note}"))
        files = _absolute(kept, base)
        self._cache.save_flat(key, CachedFlat(validators_of(response.headers, self._freshness.now), url, tuple(files)))
        return _by_name(files)


def _absolute(files: Sequence[PageFile], base: str) -> list[PageFile]:
    if not base:
        return list(files)
    return [msgspec.structs.replace(file, url=without_login(join(base, file.url))) for file in files]


def _by_name(files: Sequence[PageFile]) -> dict[NormalizedName, list[PageFile]]:
    found: dict[NormalizedName, list[PageFile]] = defaultdict(list)
    for file in files:
        for name in possible_names(file.filename):
            found[name].append(file)
    return dict(found)


def _renamed(page: Page | None, index: Index) -> Page | None:
    """The cache is by URL; the index may have another name for who fetched the page."""
    if page is None or page.listing.index == index.name:
        return page
    return Page(msgspec.structs.replace(page.listing, index=index.name), page.base, page.links, page.skipped)


def _renewed(old: Validators, response: Response, now: float) -> Validators:
    new = validators_of(response.headers, now)
    max_age = new.max_age if "cache-control" in response.headers else old.max_age
    return Validators(
        now, max_age, new.etag or old.etag, new.last_modified or old.last_modified, new.storable, old.body
    )


def _digest(response: Response) -> str:
    """What tells an unchanged page from a new one; links are relative to the URL, so it counts too."""
    hashed = hashlib.sha256(response.url.encode())
    hashed.update(response.body)
    return hashed.hexdigest()
