"""``/cache/ac/{sha256}`` and ``/cache/cas/{sha256}``: Bazel's HTTP cache protocol, for Interlock and all who speak it.

``If-None-Match: *`` makes a PUT create and not replace; the answer is then 412 (RFC 9110 13.1.2), which means that the
one that is there is to be used. Without it an action's result is replaced, as the clients of the protocol expect.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from interlock.service.cache.arriving import Arriving, arriving
from interlock.service.cache.kept import Kept, Kind, Opened
from interlock.service.cache.refusals import AlreadyCached, NotCached, WrongDigest
from interlock.service.cache.spaces import spaces_of
from interlock.service.proxy.refusals import StoreTrouble
from interlock.service.refusals import BadRequest, BodyTooLarge
from interlock.service.server.access import require, token_of
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope

__all__ = ["ACTIONS", "BYTES", "CONTENTS", "Cache", "routes"]

ACTIONS = "/cache/ac/{sha256}"
CONTENTS = "/cache/cas/{sha256}"
BYTES = "application/octet-stream"
_KEY = re.compile(r"[0-9a-f]{64}")


def routes(state: ServerState) -> Sequence[BaseRoute]:
    cache = Cache(state)
    read, write, admin = require(Scope.CACHE_READ), require(Scope.CACHE_WRITE), require(Scope.ADMIN)
    found: list[BaseRoute] = []
    for path, kind in ((ACTIONS, Kind.ACTION), (CONTENTS, Kind.CONTENT)):
        found += (
            Route(path, read(partial(_get, cache, kind)), methods=["GET", "HEAD"]),
            Route(path, write(partial(_put, cache, kind)), methods=["PUT"]),
            Route(path, admin(partial(_drop, cache, kind)), methods=["DELETE"]),
        )
    return found


async def _get(cache: Cache, kind: Kind, request: Request) -> Response:
    opened = await cache.open(request, kind, _key(request))
    return cache.answer(request, opened, {})


async def _put(cache: Cache, kind: Kind, request: Request) -> Response:
    key = _key(request)
    limits = cache.state.configuration.limits
    most = limits.max_action_bytes if kind is Kind.ACTION else limits.max_upload_bytes
    async with cache.arriving(request, most) as body:
        await body.take(request.stream())
        if kind is Kind.CONTENT and body.sha256 != key:
            raise WrongDigest(key, body.sha256)
        await cache.place(request, body, kind, key)
    return Response(status_code=200)


async def _drop(cache: Cache, kind: Kind, request: Request) -> Response:
    if not await anyio.to_thread.run_sync(cache.kept.drop, kind, _key(request)):
        raise NotCached
    return Response(status_code=204)


def _key(request: Request) -> str:
    key: str = request.path_params["sha256"]
    if not _KEY.fullmatch(key):
        raise NotCached
    return key


class Cache:
    """What the protocols that share the storage have in common."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self.kept = Kept(state.proxy.upstream.layout)

    def __repr__(self) -> str:
        return f"<Cache of {self.kept!r}>"

    async def open(self, request: Request, kind: Kind, key: str) -> Opened:
        """Raises :class:`NotCached`."""
        spaces = spaces_of(token_of(request))
        try:
            opened = await anyio.to_thread.run_sync(self.kept.open, kind, key, spaces)
        except OSError as error:
            raise StoreTrouble(error) from error
        self._count(kind, "miss" if opened is None else "hit")
        if opened is None:
            raise NotCached
        return opened

    def answer(self, request: Request, opened: Opened, headers: dict[str, str]) -> Response:
        headers = {"content-length": str(opened.size), "cache-control": "no-store", **headers}
        if request.method == "HEAD":
            opened.close()
            return Response(None, 200, headers, BYTES)
        return StreamingResponse(opened.pieces(), 200, headers, BYTES)

    @asynccontextmanager
    async def arriving(self, request: Request, most: int) -> AsyncIterator[Arriving]:
        """A body that may come. Raises what it is refused for."""
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            raise BadRequest(f"The content encoding `{encoding[:20]}` is not undone here.", hint="Send the bytes.")
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > most:
            raise BodyTooLarge(most)
        try:
            async with arriving(self.kept.layout, self.state.room, most) as body:
                yield body
        except OSError as error:
            raise StoreTrouble(error) from error

    async def place(self, request: Request, body: Arriving, kind: Kind, key: str) -> None:
        """Raises :class:`AlreadyCached`."""
        anew = request.headers.get("if-none-match", "").strip() != "*"
        place = partial(self.kept.place, body.path, kind, key, spaces_of(token_of(request)), anew=anew)
        if not await anyio.to_thread.run_sync(place):
            raise AlreadyCached
        self._count(kind, "stored")

    def _count(self, kind: Kind, outcome: str) -> None:
        self.state.metrics.cache.labels(kind.value, outcome).inc()
