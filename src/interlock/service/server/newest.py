"""``POST /v1/newest``: the newest versions of packages, by the pages that the service has already."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from interlock.core.artifacts.newest import newest_version
from interlock.core.names import is_name, normalize_name
from interlock.errors import InterlockError
from interlock.service.newest_protocol import MOST_PACKAGES, NEWEST, AskedPackage, NewestAnswer, NewestRequest
from interlock.service.proxy.proxy import Proxy
from interlock.service.refusals import BadRequest
from interlock.service.server.access import require, token_of
from interlock.service.server.beats import with_beats
from interlock.service.server.bodies import decode_json, read_body
from interlock.service.server.lock_request import served_indexes
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope

__all__ = ["routes"]

_AT_ONCE = 32
"""Pages that are looked at at a time."""


def routes(state: ServerState) -> Sequence[BaseRoute]:
    async def post(request: Request) -> Response:
        asked = decode_json(await read_body(request, state.configuration.limits), NewestRequest)
        if len(asked.packages) > MOST_PACKAGES:
            raise BadRequest(
                f"At most {MOST_PACKAGES} packages are asked for at once.", facts={"packages": len(asked.packages)}
            )
        allowed = state.configuration.indexes_of(token_of(request))
        served = served_indexes(asked.indexes, allowed, request.headers.get("host", ""))
        answer = with_beats(_answer(state.proxy, asked.packages, served))
        return StreamingResponse(answer, media_type="application/json", headers={"Cache-Control": "no-store"})

    return (Route(NEWEST, require(Scope.LOCK)(post), methods=["POST"]),)


async def _answer(proxy: Proxy, packages: Sequence[AskedPackage], served: dict[int, str]) -> bytes:
    versions: list[str | None] = [None] * len(packages)
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def look(place: int, asked: AskedPackage) -> None:
        async with limit:
            versions[place] = await _newest(proxy, asked, served.get(asked.index, ""))

    async with anyio.create_task_group() as tasks:
        for place, asked in enumerate(packages):
            tasks.start_soon(look, place, asked)
    return msgspec.json.encode(NewestAnswer(versions=tuple(versions)))


async def _newest(proxy: Proxy, asked: AskedPackage, index_name: str) -> str | None:
    """None where it cannot be told: what is wrong with an index, a client that asks it itself says best."""
    index = proxy.index(index_name)
    if index is None or not is_name(asked.name):
        return None
    name = normalize_name(asked.name)
    choice = proxy.choices.of(index, name)
    if choice.reserved:
        return None
    try:
        found = await proxy.page(index, choice, name)
        if found is None or found.stale:
            return None
        return newest_version(found.page.listing, asked.locked, asked.cutoff)
    except (InterlockError, OSError, ValueError):
        return None
