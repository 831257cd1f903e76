"""``/v8/artifacts/``: Turborepo's remote cache protocol, on the storage and for the tokens of the cache.

Its hashes are of what goes into a task, in a few hexadecimal digits: a key is made of one with the team that is named.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from interlock.service.cache.kept import Kind
from interlock.service.cache.refusals import NotCached
from interlock.service.cache.spaces import spaces_of
from interlock.service.refusals import BadRequest
from interlock.service.server.access import require, token_of
from interlock.service.server.bodies import decode_json, read_body
from interlock.service.server.cache import Cache
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope

__all__ = ["ARTIFACTS", "ArtifactInfo", "ArtifactQuery", "ArtifactStatus", "ArtifactUrls", "routes"]

ARTIFACTS = "/v8/artifacts"
_JSON = "application/json"
_HASH = re.compile(r"[0-9A-Za-z_-]{1,128}")
_LONGEST_TAG = 600
"""Letters of a signature; Turborepo itself takes as many."""
_LONGEST_LINE = 2048
_MOST_HASHES = 1000


class _Known(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client said of an artifact."""

    duration: int = 0
    """Milliseconds that the task took."""
    tag: str = ""
    """The client's signature, which we hand back."""


class ArtifactInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    size: int
    task_duration_ms: int
    tag: str | None = None


class ArtifactQuery(msgspec.Struct, frozen=True):
    hashes: tuple[str, ...]


class ArtifactStatus(msgspec.Struct, frozen=True):
    status: str


class ArtifactUrls(msgspec.Struct, frozen=True):
    urls: tuple[str, ...]


def routes(state: ServerState) -> Sequence[BaseRoute]:
    artifacts = _Artifacts(Cache(state))
    read, write = require(Scope.CACHE_READ), require(Scope.CACHE_WRITE)
    return (
        Route(f"{ARTIFACTS}/status", read(artifacts.status), methods=["GET"]),
        Route(f"{ARTIFACTS}/events", read(artifacts.events), methods=["POST"]),
        Route(ARTIFACTS, read(artifacts.query), methods=["POST"]),
        Route(f"{ARTIFACTS}/{{hash}}", read(artifacts.get), methods=["GET", "HEAD"]),
        Route(f"{ARTIFACTS}/{{hash}}", write(artifacts.put), methods=["PUT"]),
    )


class _Artifacts:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def status(self, request: Request) -> Response:
        del request
        return _answer(ArtifactStatus("enabled"))

    async def events(self, request: Request) -> Response:
        """What clients tell of their hits and misses is read and not kept: the service counts its own."""
        decode_json(await read_body(request, self._cache.state.configuration.limits), list[object])
        return _answer({})

    async def query(self, request: Request) -> Response:
        body = await read_body(request, self._cache.state.configuration.limits)
        asked = decode_json(body, ArtifactQuery)
        if len(asked.hashes) > _MOST_HASHES:
            raise BadRequest(f"More than {_MOST_HASHES} hashes at once.", facts={"hashes": len(asked.hashes)})
        spaces = spaces_of(token_of(request))

        def look() -> dict[str, ArtifactInfo | None]:
            found: dict[str, ArtifactInfo | None] = {}
            for one in asked.hashes:
                opened = self._cache.kept.open(Kind.ARTIFACT, _key(request, one), spaces) if _is_hash(one) else None
                found[one] = None
                if opened is not None:
                    known = _known(opened.line(_LONGEST_LINE))
                    info = ArtifactInfo(size=opened.size, task_duration_ms=known.duration, tag=known.tag or None)
                    found[one] = info
                    opened.close()
            return found

        return _answer(await anyio.to_thread.run_sync(look))

    async def get(self, request: Request) -> Response:
        opened = await self._cache.open(request, Kind.ARTIFACT, _asked_key(request))
        known = _known(await anyio.to_thread.run_sync(opened.line, _LONGEST_LINE))
        headers = {"x-artifact-duration": str(known.duration)}
        if known.tag:
            headers["x-artifact-tag"] = known.tag
        return self._cache.answer(request, opened, headers)

    async def put(self, request: Request) -> Response:
        key, known = _asked_key(request), _said(request)
        cache = self._cache
        async with cache.arriving(request, cache.state.configuration.limits.max_upload_bytes) as body:
            body.head(msgspec.json.encode(known) + b"\n")
            await body.take(request.stream())
            await cache.place(request, body, Kind.ARTIFACT, key)
        return _answer(ArtifactUrls((str(request.url),)), 202)


def _answer(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, {"cache-control": "no-store"}, _JSON)


def _is_hash(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


def _asked_key(request: Request) -> str:
    asked: str = request.path_params["hash"]
    if not _is_hash(asked):
        raise NotCached
    return _key(request, asked)


def _key(request: Request, asked: str) -> str:
    team = [request.query_params.get(name, "") for name in ("teamId", "slug")]
    return hashlib.sha256(msgspec.json.encode(["turborepo", *team, asked])).hexdigest()


def _said(request: Request) -> _Known:
    duration, tag = request.headers.get("x-artifact-duration", "0"), request.headers.get("x-artifact-tag", "")
    if not duration.isdigit() or len(duration) > 15:
        raise BadRequest("x-artifact-duration is not a number of milliseconds.")
    if len(tag) > _LONGEST_TAG or not tag.isascii() or not (tag.isprintable()):
        raise BadRequest("x-artifact-tag is not a signature.")
    return _Known(duration=int(duration), tag=tag)


def _known(line: bytes) -> _Known:
    try:
        return msgspec.json.decode(line, type=_Known)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Known()
