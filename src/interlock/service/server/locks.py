"""``/v1/locks``: questions in, frames out; results by their digest, and cancelling."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from interlock.service.jobs.jobs import Full, Jobs, Kept
from interlock.service.jobs.pool import Pool, PoolOptions
from interlock.service.jobs.work import Work
from interlock.service.protocol import LOCKS, NDJSON, Envelope, digest_of, encode
from interlock.service.refusals import NothingHere, Refusal
from interlock.service.server.access import require, token_of
from interlock.service.server.bodies import decode_json, read_body
from interlock.service.server.lock_request import Mapped, map_indexes, read_head
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope
from interlock.toolchain.client import fetch_options

__all__ = ["QueueFull", "routes"]

_LEVEL = 3
_GZIP = 31
"""Of zlib: with the header and the checksum of gzip."""
_REMEMBERED = 4096
"""Digests whose jobs can be asked for."""


class QueueFull(Refusal):
    """As many questions wait as may."""

    code = "queue-full"
    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "As many questions are waiting for an answer as this service takes.",
            hint=f"Ask again in {seconds} seconds.",
            facts={"retry_after": seconds},
        )
        self.seconds = seconds

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.seconds)}


def routes(state: ServerState) -> Sequence[BaseRoute]:
    locks = _Locks(state)
    guard = require(Scope.LOCK)
    return (
        Route(LOCKS, guard(locks.post), methods=["POST"]),
        Route(f"{LOCKS}/{{digest}}", guard(locks.get), methods=["GET"]),
        Route(f"{LOCKS}/{{digest}}", guard(locks.delete), methods=["DELETE"]),
    )


class _Locks:
    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._jobs = Jobs(Pool(PoolOptions(workers=state.workers)))
        state.lifetime.push_async_callback(self._jobs.close)
        self._asked: OrderedDict[str, dict[str, frozenset[str]]] = OrderedDict()
        """By the digest of a request: its jobs, one for each set of upstreams, with the indexes they look at."""

    async def post(self, request: Request) -> Response:
        """Answer a question; who asks what is being answered already waits for the same job."""
        body = await read_body(request, self._state.configuration.limits)
        envelope = decode_json(body, Envelope)
        asked = bytes(envelope.request)
        digest = digest_of(asked)
        kept = self._fresh(request, digest)
        if kept is not None:
            return _at_once(request, kept, digest)
        work, key = self._work(request, envelope, asked, digest)
        try:
            waiter = self._jobs.join(key, work)
        except Full as full:
            raise QueueFull(full.retry_after) from full
        return _Frames(waiter.frames(), digest, is_packed=_takes_gzip(request))

    def _work(self, request: Request, envelope: Envelope, asked: bytes, digest: str) -> tuple[Work, str]:
        """What there is to do, and what that job is called."""
        head = read_head(asked)
        configuration = self._state.configuration
        allowed, host = configuration.indexes_of(token_of(request)), request.headers.get("host", "")
        mapped = map_indexes(head.indexes, allowed, configuration, host)
        work = Work(
            request=asked,
            old=envelope.old_bytes,
            store=str(self._state.folder.store),
            now=self._state.clock(),
            indexes=mapped.indexes,
            credentials=mapped.credentials,
            reserved=mapped.reserved,
            hosts=configuration.file_hosts,
            network=fetch_options(self._state.means),
            limits=self._state.means.layout.limits,
            offline=self._state.means.settings.offline,
        )
        return work, self._key(digest, mapped, has_old=bool(work.old))

    async def get(self, request: Request) -> Response:
        """What came of a question: its last frame, or 202 while it is being answered."""
        for key in self._keys(request, request.path_params["digest"]):
            kept = self._jobs.result(key)
            if kept is not None:
                return Response(kept.line, media_type="application/json")
            if self._jobs.is_running(key):
                return Response(status_code=202)
        raise NothingHere(request.url.path)

    async def delete(self, request: Request) -> Response:
        """End a job, for all who wait for it."""
        cancelled = [self._jobs.cancel(key) for key in self._keys(request, request.path_params["digest"])]
        if not any(cancelled):
            raise NothingHere(request.url.path)
        return Response(status_code=204)

    def _key(self, digest: str, mapped: Mapped, *, has_old: bool) -> str:
        """What is one job: the same question, of the same upstreams with the same logins."""
        upstreams = digest_of(encode([mapped.indexes, mapped.credentials, mapped.reserved, has_old]))
        key = f"{digest}:{upstreams[:16]}"
        self._asked.setdefault(digest, {})[key] = mapped.served
        self._asked.move_to_end(digest)
        while len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        return key

    def _fresh(self, request: Request, digest: str) -> Kept | None:
        """What came of the same question, if no page that it looked at may have changed since."""
        now = self._state.clock()
        for key in self._keys(request, digest):
            kept = self._jobs.result(key)
            if kept is not None and now < kept.fresh_until and not self._jobs.is_running(key):
                return kept
        return None

    def _keys(self, request: Request, digest: str) -> list[str]:
        """The jobs of a digest that look at nothing but what who asks may use."""
        allowed = self._state.configuration.indexes_of(token_of(request)).keys()
        jobs = self._asked.get(digest, {})
        return [key for key, served in jobs.items() if served <= allowed]


def _at_once(request: Request, kept: Kept, digest: str) -> Response:
    """What would come of asking again, as long as no page may have changed."""
    is_packed = _takes_gzip(request)
    body = kept.packed if is_packed else kept.line + b"\n"
    return Response(body, media_type=NDJSON, headers=_headers(digest, is_packed=is_packed))


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _headers(digest: str, *, is_packed: bool) -> dict[str, str]:
    found = {"Interlock-Digest": digest, "Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    return {**found, "Content-Encoding": "gzip"} if is_packed else found


class _Frames(Response):
    """Frames as they come, until the last one or until nobody listens."""

    media_type = NDJSON

    def __init__(self, frames: AsyncGenerator[bytes, None], digest: str, *, is_packed: bool) -> None:
        super().__init__(headers=_headers(digest, is_packed=is_packed), media_type=NDJSON)
        del self.headers["content-length"]
        self._frames = frames
        self._packing = zlib.compressobj(_LEVEL, wbits=_GZIP) if is_packed else None

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            async with aclosing(self._frames) as frames:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for line in frames:
                    await send({"type": "http.response.body", "body": self._packed(line + b"\n"), "more_body": True})
                rest = self._packing.flush() if self._packing is not None else b""
                await send({"type": "http.response.body", "body": rest, "more_body": False})
            tasks.cancel_scope.cancel()

    def _packed(self, line: bytes) -> bytes:
        """A line so that it can be read before the next one comes."""
        if self._packing is None:
            return line
        return self._packing.compress(line) + self._packing.flush(zlib.Z_SYNC_FLUSH)
