"""What one request and one token may take."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from interlock.service.refusals import TooManyRequests
from interlock.service.server.answering import Answering
from interlock.service.server.bodies import decode_json, read_body
from interlock.service.server.bounds import Bounded
from interlock.service.server.configuration import Configuration
from interlock.service.server.limits import Limits
from interlock.service.server.quotas import Quotas
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import Token
from tests.service.server.conftest import Serve


class Tree(msgspec.Struct):
    below: list[Tree] = []


def counting(state: ServerState) -> ASGIApp:
    """Answers how many bytes it was sent, and how deep the JSON in them is."""

    async def count(request: Request) -> Response:
        return PlainTextResponse(str(len(await read_body(request, state.configuration.limits))))

    async def depth(request: Request) -> Response:
        tree, deep = decode_json(await read_body(request, state.configuration.limits), Tree), 0
        while tree.below:
            tree, deep = tree.below[0], deep + 1
        return PlainTextResponse(str(deep))

    routes = [Route("/count", count, methods=["POST"]), Route("/depth", depth, methods=["POST"])]
    return Answering(Bounded(Router([*routes, Route("/upload/x", count, methods=["POST"])]), LIMITS), state)


LIMITS = Limits(max_body_bytes=1000, max_upload_bytes=5000, max_header_bytes=8000)


@pytest.mark.parametrize(("size", "status"), [(0, 200), (1000, 200), (1001, 413), (100_000, 413)])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_has_a_most(serve: Serve, size: int, status: int, announced: bool) -> None:
    service = await serve(Configuration(limits=LIMITS), counting)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 100):
            yield b"x" * min(100, size - start)

    answer = await service.client.post("/count", content=b"x" * size if announced else pieces())
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["error"]["facts"] == {"limit": 1000}
    else:
        assert answer.text == str(size)


async def test_files_may_be_larger(serve: Serve) -> None:
    service = await serve(Configuration(limits=LIMITS), counting)
    assert (await service.client.post("/upload/x", content=b"x" * 5001)).status_code == 413
    answer = await service.client.post("/upload/x", content=b"x" * 5000)
    assert (answer.status_code, answer.text) == (200, "5000")


async def test_what_is_compressed_is_counted_as_it_grows(serve: Serve) -> None:
    service = await serve(Configuration(limits=LIMITS), counting)

    async def post(body: bytes, encoding: str = "gzip") -> tuple[int, str]:
        answer = await service.client.post("/count", content=body, headers={"Content-Encoding": encoding})
        return answer.status_code, answer.text

    whole = gzip.compress(b"x" * 1000)
    assert await post(whole) == (200, "1000")
    assert (await post(gzip.compress(b"x" * 1001)))[0] == 413
    bomb = gzip.compress(b"\0" * 900_000)
    assert len(bomb) < 1000
    assert (await post(bomb))[0] == 413
    for wrong in (whole[:-9], b"no gzip", zlib.compress(b"x")):
        assert (await post(wrong))[0] == 400
    assert (await post(b"x", "br"))[0] == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"below":[{"below":[]}]}', 200),
        (b'{"below":[' * 20 + b"{}" + b"]}" * 20, 200),
        (b"[" * 500, 400),
        (b'{"below":[' * 90, 400),
        (b'{"below":[1]}', 400),
        (b"\xff", 400),
        (b"", 400),
        (b'{"x":' * 150 + b"1" + b"}" * 150, 200),
    ],
)
async def test_json_that_cannot_be_used_is_the_senders_mistake(serve: Serve, body: bytes, status: int) -> None:
    service = await serve(Configuration(limits=LIMITS), counting)
    answer = await service.client.post("/depth", content=body)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["code"] == "bad-request"


async def test_json_of_absurd_depth_is_refused(serve: Serve) -> None:
    service = await serve(Configuration(), counting)
    deep = 200_000
    body = gzip.compress(b'{"x":' * deep + b"1" + b"}" * deep)
    answer = await service.client.post("/depth", content=body[:900], headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 400
    with pytest.raises(Exception, match="nested too deeply"):
        decode_json(b'{"below":[' * deep, Tree)
    with pytest.raises(Exception, match="nested too deeply"):
        decode_json(b'{"x":' * deep, Tree)


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "x"])
async def test_a_length_that_is_none_is_refused(serve: Serve, length: str) -> None:
    service = await serve(Configuration(limits=LIMITS), counting)
    answer = await service.client.post("/count", content=b"x", headers={"Content-Length": length})
    assert answer.status_code == 400


async def test_headers_have_a_most(serve: Serve) -> None:
    service = await serve(Configuration(limits=LIMITS), counting)
    answer = await service.client.post("/count", content=b"x", headers={"X-Filler": "x" * 8000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "headers-too-large")


@pytest.mark.parametrize(
    ("path", "kind"), [("/v2/locks", ""), ("/v99", ""), ("/v1/x", "application/vnd.interlock.v2+json")]
)
async def test_another_version_is_answered_with_those_there_are(serve: Serve, path: str, kind: str) -> None:
    service = await serve()
    headers = {**service.bearer(Scope.LOCK), "Content-Type": kind}
    answer = await service.client.post(path, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["facts"]["supported"]) == (415, ["v1"])
    # Who may not ask is told so first.
    assert (await service.client.post(path, content=b"{}")).status_code == 401


def token(name: str) -> Token:
    return Token(id=name, name=name, scopes=frozenset())


def test_a_token_has_so_many_requests_at_once() -> None:
    quotas = Quotas(Limits(concurrent_requests=2))
    with quotas.taken(token("a")), quotas.taken(token("a")):
        with pytest.raises(TooManyRequests):
            quotas.taken(token("a")).__enter__()
        with quotas.taken(token("b")):
            pass
    with quotas.taken(token("a")):
        pass


def test_a_token_has_so_many_requests_per_second_on_average() -> None:
    now = 100.0
    quotas = Quotas(Limits(requests_per_second=2), lambda: now)

    def asks() -> int:
        """How many go through until one does not, which says when to come again."""
        for number in range(1000):
            try:
                with quotas.taken(token("a")):
                    pass
            except TooManyRequests as error:
                assert error.headers == {"Retry-After": "1"}
                return number
        raise AssertionError

    assert asks() == 20
    assert asks() == 0
    now += 1.0
    assert asks() == 2
    now += 1000.0
    assert asks() == 20
    with quotas.taken(token("b")):
        pass


async def test_too_many_requests_are_answered_with_when_to_come_again(serve: Serve) -> None:
    service = await serve(Configuration(limits=Limits(requests_per_second=1)))
    headers = service.bearer(Scope.ADMIN)
    codes = [(await service.client.get("/metrics", headers=headers)).status_code for _ in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert (await service.client.get("/metrics", headers=service.bearer(Scope.ADMIN))).status_code == 200
