"""``POST /v1/packs`` and ``GET /v1/packs/{id}``: what a client lacks, in one stream or in parts of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from interlock.errors import InterlockError, error_document
from interlock.packs.header import UNPACKED
from interlock.service.pack_protocol import MOST_FILES, PACKS, PackRequest
from interlock.service.packs.body import pack_bytes
from interlock.service.packs.forms import Forms
from interlock.service.packs.plans import Plan, Plans, make_plan
from interlock.service.proxy.answers import begun, failed
from interlock.service.proxy.ranges import read_range
from interlock.service.proxy.refusals import StoreTrouble
from interlock.service.refusals import BadRequest, NothingHere
from interlock.service.server.access import require, token_of
from interlock.service.server.beats import with_beats
from interlock.service.server.bodies import decode_json, read_body
from interlock.service.server.lock_request import served_indexes
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope

__all__ = ["routes"]

_BYTES = "application/octet-stream"


def routes(state: ServerState) -> Sequence[BaseRoute]:
    packs = _Packs(state)
    guard = require(Scope.CACHE_READ)
    return (
        Route(PACKS, guard(packs.post), methods=["POST"]),
        Route(f"{PACKS}/{{id}}", guard(packs.get), methods=["GET", "HEAD"]),
    )


class _Packs:
    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._plans = Plans()
        proxy, signer = state.proxy, state.pack_signer
        self._forms = Forms(proxy.upstream.layout, proxy.files, signer, proxy.reserve) if signer is not None else None

    async def post(self, request: Request) -> Response:
        body = await read_body(request, self._state.configuration.limits)
        asked = decode_json(body, PackRequest)
        if len(asked.files) > MOST_FILES:
            raise BadRequest(f"A pack has at most {MOST_FILES} files.", facts={"files": len(asked.files)})
        allowed = self._state.configuration.indexes_of(token_of(request))
        served = served_indexes(asked.indexes, allowed, request.headers.get("host", ""))
        answer = with_beats(self._answer(asked, served))
        return StreamingResponse(answer, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _answer(self, asked: PackRequest, served: dict[int, str]) -> bytes:
        try:
            smaller = self._forms is not None and set(asked.forms) >= UNPACKED
            choose = self._forms.choose if self._forms is not None and smaller else None
            plan = await make_plan(self._state.proxy, asked.files, served, choose)
        except InterlockError as error:
            return msgspec.json.encode(error_document(error), enc_hook=str)
        self._plans.keep(plan)
        return msgspec.json.encode(plan.told)

    async def get(self, request: Request) -> Response:
        allowed = self._state.configuration.indexes_of(token_of(request))
        plan = self._plans.find(request.path_params["id"], allowed)
        if plan is None:
            raise NothingHere(request.url.path)
        proxy = self._state.proxy
        headers, start, stop, status = _part(request, plan)
        if request.method == "HEAD":
            return Response(None, status, headers, _BYTES)
        try:
            pieces = await begun(pack_bytes(plan, proxy.files, start, stop))
        except (InterlockError, OSError) as error:
            # What was put aside meanwhile, say, to make room.
            error = StoreTrouble(error) if isinstance(error, OSError) else error
            answer = failed(error, proxy.options.rest)
            # That there is no such thing is said of packs alone.
            answer.status_code = 502 if answer.status_code == 404 else answer.status_code
            return answer
        return StreamingResponse(pieces, status, headers, _BYTES)


def _part(request: Request, plan: Plan) -> tuple[dict[str, str], int, int, int]:
    """Headers of an answer, from and before which byte it is, and its status."""
    size, etag = plan.size, f'"{plan.told.id}"'
    headers = {"etag": etag, "accept-ranges": "bytes", "cache-control": "private, max-age=31536000, immutable"}
    part = read_range(request.headers.get("range", ""), size)
    if part is None or request.headers.get("if-range", etag) != etag:
        return {**headers, "content-length": str(size)}, 0, size, 200
    start, stop = part
    headers |= {"content-range": f"bytes {start}-{stop - 1}/{size}", "content-length": str(stop - start)}
    return headers, start, stop, 206
