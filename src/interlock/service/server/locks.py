"""``/v1/locks``: questions in, frames out; results and events by their digest, and cancelling."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from interlock.service.jobs.jobs import Full, Jobs, Kept
from interlock.service.jobs.pool import Pool, PoolOptions
from interlock.service.jobs.work import Work
from interlock.service.protocol import EVENTS, LOCKS, NDJSON, Envelope, digest_of, encode
from interlock.service.refusals import NothingHere, Refusal, UnknownProtocol
from interlock.service.server.access import require, token_of
from interlock.service.server.bodies import decode_json, read_body
from interlock.service.server.frame_streams import EventStream, FrameStream, event_of
from interlock.service.server.lock_request import IndexNotServed, Mapped, map_indexes, read_head
from interlock.service.server.state import ServerState
from interlock.service.state.job_list import ListedJob
from interlock.service.state.scopes import Scope
from interlock.toolchain.client import fetch_options

__all__ = ["QueueFull", "routes"]

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
        Route(f"{LOCKS}/{{digest}}/events", guard(locks.events), methods=["GET"]),
    )


class _Locks:
    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._jobs = Jobs(Pool(PoolOptions(workers=state.workers)), given_up=self._give_up)
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
        work, key = self._work(request, asked, envelope.old_bytes)
        is_begun = not self._jobs.is_running(key)
        try:
            waiter = self._jobs.join(key, work)
        except Full as full:
            raise QueueFull(full.retry_after) from full
        if is_begun:
            self._state.jobs.add(key, digest, asked, self._state.clock())
        is_packed = _takes_gzip(request)
        return FrameStream(waiter.frames(), _headers(digest, is_packed=is_packed), is_packed=is_packed)

    def _work(self, request: Request, asked: bytes, old: bytes = b"") -> tuple[Work, str]:
        """What there is to do, and what that job is called."""
        head = read_head(asked)
        configuration = self._state.configuration
        allowed, host = configuration.indexes_of(token_of(request)), request.headers.get("host", "")
        mapped = map_indexes(head.indexes, allowed, configuration, host)
        work = Work(
            request=asked,
            old=old,
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
        return work, self._key(digest_of(asked), mapped, has_old=bool(old))

    def _give_up(self, key: str) -> None:
        """Take off the list what nobody wants; when the service ends, clients go because they are sent away."""
        if not self._state.ending.begun:
            self._state.jobs.drop(key)

    async def get(self, request: Request) -> Response:
        """What came of a question: its last frame, or 202 while it is being answered."""
        keys = self._keys(request, request.path_params["digest"])
        for key in keys:
            kept = self._jobs.result(key)
            if kept is not None:
                return Response(kept.line, media_type="application/json")
        if not any(map(self._jobs.is_running, keys)):
            self._begin_again(request)
        return Response(status_code=202, headers={"Retry-After": "1"})

    async def events(self, request: Request) -> Response:
        """What happens to a question from now on, until it is answered; its end alone where it is answered already."""
        digest = request.path_params["digest"]
        keys = self._keys(request, digest)
        kept = next(filter(None, map(self._jobs.result, keys)), None)
        running = next(filter(self._jobs.is_running, keys), None)
        if running is None and kept is None:
            running = self._begin_again(request)
        headers = {**_headers(digest, is_packed=False), "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(headers=headers, media_type=EVENTS)
        if running is None:
            assert kept is not None, "or it has begun again"
            return Response(event_of(kept.line), headers=headers, media_type=EVENTS)
        return EventStream(self._jobs.watch(running), headers, is_packed=False)

    def _begin_again(self, request: Request) -> str:
        """Begin what the service was asked before it was started: the job goes on whether anybody waits or not.

        Raises :class:`NothingHere` for what it was never asked, or not of indexes that who asks may use.
        """
        for listed, work, key in self._listed(request):
            try:
                self._jobs.begin(key, work)
            except Full as full:
                raise QueueFull(full.retry_after) from full
            if key != listed.key:  # the logins are others now, or the old lock is not sent along this time
                self._state.jobs.drop(listed.key)
                self._state.jobs.add(key, request.path_params["digest"], listed.request, self._state.clock())
            return key
        raise NothingHere(request.url.path)

    def _listed(self, request: Request) -> Iterator[tuple[ListedJob, Work, str]]:
        for listed in self._state.jobs.find(request.path_params["digest"]):
            try:
                yield listed, *self._work(request, listed.request)
            except (IndexNotServed, UnknownProtocol):
                # Of another tenant, or of the version before an update: who asks finds nothing, and asks anew.
                continue

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
