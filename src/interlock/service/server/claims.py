"""``/v1/claims``: what is built by one client is waited for by the others."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from interlock.service.cache.claims import Claims, Session, TooManyClaims
from interlock.service.protocol import NDJSON
from interlock.service.refusals import BadRequest, NothingHere, TooManyRequests
from interlock.service.server.access import require, token_of
from interlock.service.server.bodies import decode_json, read_body
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope
from interlock.toolchain.claims import (
    BEAT_EVERY,
    CLAIMS,
    MOST_CLAIMS,
    Beat,
    ClaimAnswer,
    ClaimFrame,
    ClaimRequest,
    Freed,
    Opened,
)

__all__ = ["routes"]

_KEY = re.compile(r"[0-9a-f]{64}")
_LATER = 60
"""Seconds after which to ask again for more than a session may have."""


def routes(state: ServerState) -> Sequence[BaseRoute]:
    claims = _Claims(state)
    guard = require(Scope.CACHE_WRITE)
    return (
        Route(CLAIMS, guard(claims.open), methods=["POST"]),
        Route(f"{CLAIMS}/{{session}}", guard(claims.change), methods=["POST"]),
    )


class _Claims:
    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._claims = Claims()

    async def open(self, request: Request) -> Response:
        session = self._claims.open(token_of(request))
        return StreamingResponse(self._frames(session), media_type=NDJSON, headers={"Cache-Control": "no-store"})

    async def change(self, request: Request) -> Response:
        body = await read_body(request, self._state.configuration.limits)
        asked = decode_json(body, ClaimRequest)
        session = self._claims.find(request.path_params["session"], token_of(request))
        if session is None:
            raise NothingHere(request.url.path)
        if not _KEY.fullmatch(asked.key):
            raise BadRequest("The key is not 64 hexadecimal digits.")
        if asked.ends:
            self._claims.leave(session, asked.key)
            return _answer(ClaimAnswer(yours=False))
        try:
            return _answer(ClaimAnswer(yours=self._claims.take(session, asked.key)))
        except TooManyClaims:
            raise TooManyRequests(f"{MOST_CLAIMS} claims, which is the most", _LATER) from None

    async def _frames(self, session: Session) -> AsyncGenerator[bytes]:
        try:
            yield _line(Opened(session.id))
            while not self._state.ending.begun:
                keys = await session.freed(BEAT_EVERY)
                yield _line(Freed(keys) if keys else Beat())
        finally:
            self._claims.close(session)


def _line(frame: ClaimFrame) -> bytes:
    return msgspec.json.encode(frame) + b"\n"


def _answer(answer: ClaimAnswer) -> Response:
    return Response(msgspec.json.encode(answer), headers={"Cache-Control": "no-store"}, media_type="application/json")
