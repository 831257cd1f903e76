"""The names of all projects of an index (PEP 503, 691)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote

import anyio.to_thread
import msgspec

from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.sources.logins import redact
from interlock.core.sources.source import Index
from interlock.index.failures import BadPage, BadStatus, HostResting, Offline, Unreachable
from interlock.index.index_pages import Freshness
from interlock.index.once import Flights
from interlock.index.page_cache import Validators, index_key, validators_of
from interlock.index.page_text import ACCEPT
from interlock.index.upstream import Upstream
from interlock.service.proxy.options import ProxyOptions
from interlock.service.proxy.project_pages import will_pass
from interlock.store.entries import Entries
from interlock.store.layout import Bucket

__all__ = ["Names", "ProjectNames"]

_KEY = ".names"


class Names(NamedTuple):
    """The names of projects, sorted."""

    names: tuple[NormalizedName, ...]
    stale: bool = False
    """Whether they are older than their index allows, because that could not be asked."""


class _Names(msgspec.Struct, frozen=True, array_like=True):
    validators: Validators
    names: tuple[NormalizedName, ...]


class _Project(msgspec.Struct):
    name: str


class _Projects(msgspec.Struct):
    projects: list[_Project]


_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']([^"'<>]*)/["']""", re.IGNORECASE)
"""To what ends with a slash: on an index's first page a project. A page of a million links is read in a second so, and
in minutes by what reads everything that HTML can say."""
_PROJECTS = msgspec.json.Decoder(_Projects)


class ProjectNames:
    """Lists of names, kept and renewed as pages are."""

    def __init__(self, upstream: Upstream, options: ProxyOptions, clock: Callable[[], float]) -> None:
        self._upstream = upstream
        self._options = options
        self._clock = clock
        self._entries = Entries(upstream.layout, Bucket.PAGES, _Names)
        self._flights: Flights[str, tuple[NormalizedName, ...]] = Flights()

    def __repr__(self) -> str:
        return f"<ProjectNames of {self._upstream!r}>"

    async def of(self, index: Index) -> Names:
        """Raises :class:`InterlockError` when the index does not tell, and never has."""
        key = index_key(index, self._upstream.session.auth.identity(index))
        cached = await anyio.to_thread.run_sync(self._entries.load, _KEY, key)
        now = self._clock()
        freshness = Freshness(now=now, at_least=self._options.fresh_for, offline=self._upstream.offline)
        if cached is not None and freshness.allows(_KEY, cached.validators):
            return Names(cached.names, not cached.validators.is_fresh(now) and self._upstream.offline)
        if self._upstream.offline:
            raise Offline("The list of projects", index=index.name)
        try:
            return Names(await self._flights.get(key, lambda: self._ask(index, key, cached)))
        except (BadStatus, HostResting, Unreachable) as failure:
            if cached is None or not will_pass(failure):
                raise
            return Names(cached.names, stale=True)

    async def _ask(self, index: Index, key: str, cached: _Names | None) -> tuple[NormalizedName, ...]:
        headers = {"accept": ACCEPT, **(cached.validators.conditions() if cached is not None else {})}
        url = f"{index.url.rstrip('/')}/"
        response = await self._upstream.session.get(url, "page", index=index, headers=headers)
        if response.status == 304 and cached is not None:
            names = cached.names
        elif response.status == 200:
            kind = response.headers.get("content-type", "")
            names = await anyio.to_thread.run_sync(_read, response.body, kind, url, index.name)
        else:
            raise BadStatus(redact(url), response.status, index=index.name)
        kept = _Names(validators_of(response.headers, self._clock()), names)
        await anyio.to_thread.run_sync(self._entries.save, _KEY, kept, key)
        return names


def _read(body: bytes, content_type: str, url: str, index: str) -> tuple[NormalizedName, ...]:
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind.endswith("json"):
            return _sorted(project.name for project in _PROJECTS.decode(body).projects)
        return _sorted(unquote(path.rpartition("/")[2]) for path in _LINK.findall(body.decode("utf-8", "replace")))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPage(redact(url), f"it is no list of projects ({error})", index=index) from error


def _sorted(names: Iterable[str]) -> tuple[NormalizedName, ...]:
    return tuple(sorted({normalize_name(name) for name in names if is_name(name)}))
