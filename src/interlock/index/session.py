"""Requests with policy: limits per host, retries, redirects, credentials, and the count of it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import NamedTuple, Protocol, TypeVar

import anyio
import msgspec

from interlock.core.settings.limits import DEFAULT, Limits
from interlock.core.sources.addresses import address_problem
from interlock.core.sources.logins import redact, without_login
from interlock.core.sources.source import Index
from interlock.core.text.numbers import whole_number
from interlock.index.auth import Authenticator
from interlock.index.failures import BadStatus, HostResting, Offline, TooLarge, Unauthorized, Unreachable
from interlock.index.fetcher import Fetcher, FetchFailed, Response, Sink
from interlock.index.limits import HostLimit
from interlock.index.retry import DOWN, PASSING, TROUBLE, RetryPolicy, pause_before, retry_after
from interlock.index.urls import is_remote, is_same_host, join, origin

__all__ = ["Pace", "Session", "Stats"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
_PLAIN = frozenset({200, 206, 304, 404, 410})
"""Statuses that are answers; what they mean is the caller's business."""
_NO_RANGE = frozenset({405, 416, 501})


class Discardable(Sink, Protocol):
    """A sink that can forget what it got."""

    def discard(self) -> None: ...


S = TypeVar("S", bound=Discardable)
_Send = Callable[[str, dict[str, str]], Awaitable[Response]]


class Stats(NamedTuple):
    """What a run asked of the network."""

    requests: int
    retries: int
    bytes: int
    #: Requests by what they were for: page, metadata, range, file.
    by_kind: dict[str, int]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a host is asked."""

    retry: RetryPolicy = RetryPolicy()
    per_host: int
    """Requests at once."""
    rest: float = 0.0
    """Seconds that a host is left alone after it failed."""


class Session:
    """One run's dealings with all hosts."""

    def __init__(
        self,
        fetcher: Fetcher,
        auth: Authenticator,
        *,
        pace: Pace,
        offline: bool = False,
        limits: Limits = DEFAULT,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.auth = auth
        self._fetcher = fetcher
        self._pace = pace
        self._offline = offline
        self._limits = limits
        self._sleep = sleep
        self._hosts: dict[str, HostLimit] = {}
        self._kinds: Counter[str] = Counter()
        self._retries = 0
        self._bytes = 0

    def __repr__(self) -> str:
        return f"<Session [{self._kinds.total()} requests to {len(self._hosts)} hosts]>"

    def stats(self) -> Stats:
        return Stats(self._kinds.total(), self._retries, self._bytes, dict(self._kinds))

    def limit(self, url: str) -> HostLimit:
        host = origin(url)
        found = self._hosts.get(host)
        if found is None:
            found = self._hosts[host] = HostLimit(self._pace.per_host, self._pace.rest)
        return found

    async def get(
        self, url: str, kind: str, *, index: Index | None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Fetch a small body into memory."""
        limit = "metadata_size" if kind == "metadata" else "page_size"

        async def send(target: str, sent: dict[str, str]) -> Response:
            response = await self._fetcher.get(target, sent, most=getattr(self._limits, limit))
            self._bytes += len(response.body)
            return response

        try:
            return await self._persist(url, kind, index, dict(headers or {}), send)
        except Unreachable as error:
            cause = error.__cause__
            if isinstance(cause, FetchFailed) and cause.kind == "large":
                raise TooLarge(redact(url), cause.reason, limit, index=index.name if index else "") from error
            raise

    async def stream(
        self,
        url: str,
        kind: str,
        open_sink: Callable[[], S],
        *,
        index: Index | None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Response, S]:
        """Feed a body to a sink; each attempt gets a new one, and the last one is handed back, all others discarded."""
        sinks: list[S] = []

        async def send(target: str, sent: dict[str, str]) -> Response:
            while sinks:
                sinks.pop().discard()
            sinks.append(open_sink())
            response = await self._fetcher.stream(target, sent, sinks[-1])
            length = whole_number(response.headers.get("content-length", "")) or 0
            self._bytes += length if response.status in {200, 206} else 0
            return response

        try:
            response = await self._persist(url, kind, index, dict(headers or {}), send)
        except BaseException:
            while sinks:
                sinks.pop().discard()
            raise
        return response, sinks[-1]

    async def _persist(
        self, url: str, kind: str, index: Index | None, headers: dict[str, str], send: _Send
    ) -> Response:
        """Attempt until there is an answer, or there is no point in trying again."""
        name = index.name if index else ""
        if self._offline:
            raise Offline(redact(url), index=name)
        waited = 0.0
        attempt = 0
        while True:
            attempt += 1
            asked: float | None = None
            try:
                response = await self._follow(url, kind, index, headers, send)
            except FetchFailed as failure:
                if not failure.may_pass:
                    raise Unreachable(redact(url), failure.reason, index=name, attempts=attempt) from failure
                pause = pause_before(self._pace.retry, attempt, waited, None)
                if pause is None:
                    raise Unreachable(redact(url), failure.reason, index=name, attempts=attempt) from failure
            else:
                if response.status not in PASSING or _is_ignored(index, response.status):
                    return self._judge(response, index, ranged="range" in headers)
                asked = retry_after(response.headers)
                pause = pause_before(self._pace.retry, attempt, waited, asked)
                if pause is None:
                    raise BadStatus(redact(url), response.status, index=name, attempts=attempt, retry_after=asked)
            self._retries += 1
            waited += pause
            await self._sleep(pause)

    def _judge(self, response: Response, index: Index | None, *, ranged: bool) -> Response:
        status, name = response.status, index.name if index else ""
        if status in _PLAIN or _is_ignored(index, status) or (ranged and status in _NO_RANGE):
            return response
        if status in {401, 403}:
            sent = self.auth.header(index, response.url) is not None
            raise Unauthorized(redact(response.url), status, index=name, sent=sent)
        raise BadStatus(redact(response.url), status, index=name)

    async def _follow(self, url: str, kind: str, index: Index | None, headers: dict[str, str], send: _Send) -> Response:
        """Send, and go where the answer points. Credentials are decided anew for every host."""
        for _ in range(_MOST_REDIRECTS):
            problem = address_problem(without_login(url))
            if problem:
                raise FetchFailed("request", f"that is not an address ({problem})")
            response = await self._send(url, kind, index, headers, send)
            if response.status in {401, 403} and await self.auth.ask_further(index, url):
                response = await self._send(url, kind, index, headers, send)
            target = response.headers.get("location", "")
            if response.status not in _REDIRECTS or not target:
                return response
            there = _there(url, target)
            if not is_remote(there) or (url.startswith("https:") and not there.startswith("https:")):
                raise FetchFailed("request", f"it redirects to {redact(there)}, which is not safe to follow")
            # A redirect may not choose credentials for its own target either.
            url = there if is_same_host(url, there) else without_login(there)
        raise FetchFailed("request", f"more than {_MOST_REDIRECTS} redirects")

    async def _send(self, url: str, kind: str, index: Index | None, headers: dict[str, str], send: _Send) -> Response:
        limit = self.limit(url)
        authorization = self.auth.header(index, url)
        sent = headers if authorization is None else {**headers, "authorization": authorization}
        _ask_leave(limit, url, index)
        async with limit.slot() as slot:
            if slot.waited:
                _ask_leave(limit, url, index)
            self._kinds[kind] += 1
            try:
                response = await send(without_login(url), sent)
            except FetchFailed as failure:
                if failure.may_pass:
                    limit.trouble(slot.generation)
                    limit.fail(monotonic(), None)
                raise
        if response.status in DOWN:
            limit.fail(monotonic(), retry_after(response.headers))
        else:
            limit.recover()
        if response.status in TROUBLE:
            limit.trouble(slot.generation)
        else:
            limit.success()
        return response


def _ask_leave(limit: HostLimit, url: str, index: Index | None) -> None:
    seconds = limit.left_alone(monotonic())
    if seconds:
        raise HostResting(redact(url), seconds, index=index.name if index else "")


def _there(url: str, target: str) -> str:
    """Where a redirect leads."""
    try:
        there = join(url, target).partition("#")[0]
    except ValueError as error:
        raise FetchFailed("request", f"it redirects to what is not an address ({error})") from error
    problem = address_problem(there) if is_remote(there) else ""
    if problem:
        raise FetchFailed("request", f"it redirects to {redact(there)}, which is not an address ({problem})")
    return there


def _is_ignored(index: Index | None, status: int) -> bool:
    return index is not None and status in index.ignore_error_codes
