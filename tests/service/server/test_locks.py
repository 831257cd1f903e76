"""``/v1/locks`` over HTTP: what is answered, and what is refused before anybody solves anything."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec
import pytest

from interlock.core.relock.question import Question
from interlock.core.relock.revision import RESOLUTION_REVISION
from interlock.core.resolver.problem import Problem
from interlock.core.sources.source import Index
from interlock.service.protocol import (
    LOCKS,
    Conflict,
    Done,
    Envelope,
    Failed,
    Frame,
    LockRequest,
    decode_frame,
    digest_of,
    encode,
)
from interlock.service.server.configuration import Configuration, Login, ServedIndex
from interlock.service.state.scopes import Scope
from tests.index_server import IndexServer
from tests.registry import registry
from tests.service.questions import question, request
from tests.service.server.conftest import Serve, Service

StartIndex = Callable[..., IndexServer]


@pytest.fixture
def corp(index: StartIndex) -> IndexServer:
    return index(registry(a={"1.0": ["b"], "2.0": ["b>=2"]}, b={"1.0": [], "2.0": []}))


def _configured(server: IndexServer, **more: Any) -> Configuration:
    return Configuration(indexes=(ServedIndex(name="inner", url=server.url, **more),))


def _body(asked: bytes) -> bytes:
    return msgspec.json.encode(Envelope(request=msgspec.Raw(asked)))


async def _post(service: Service, asked: bytes, **headers: str) -> httpx.Response:
    return await service.client.post(LOCKS, content=_body(asked), headers={**service.bearer(Scope.LOCK), **headers})


def _frames(answer: httpx.Response) -> list[Frame]:
    assert answer.status_code == 200, answer.text
    return [decode_frame(line) for line in answer.content.splitlines()]


async def test_a_question_is_answered_with_the_names_that_the_client_has_for_its_indexes(
    serve: Serve, corp: IndexServer
) -> None:
    service = await serve(_configured(corp))
    asked = request(corp, "a")
    answer = await _post(service, asked)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["interlock-digest"] == digest_of(asked)
    last = _frames(answer)[-1]
    assert isinstance(last, Done)
    assert {package.source.index for package in last.answer.lock.packages} == {"corp"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("http://service.test/simple/inner/", 200),
        ("https://service.test/simple/inner", 200),
        ("http://service.test/simple/other/", 422),
        ("http://service.test/simple/inner@2026-01-01/", 422),
        ("http://elsewhere.test/simple/inner/", 422),
    ],
)
async def test_an_index_can_be_named_by_its_address_here(
    serve: Serve, corp: IndexServer, address: str, status: int
) -> None:
    service = await serve(_configured(corp))
    asked = encode(LockRequest(question=question("a"), indexes=(Index(name="corp", url=address),)))
    answer = await _post(service, asked)
    assert answer.status_code == status
    if status == 200:
        assert isinstance(_frames(answer)[-1], Done)


async def test_the_result_can_be_asked_for_by_its_digest(serve: Serve, corp: IndexServer) -> None:
    service = await serve(_configured(corp))
    asked = request(corp, "a>=2", "b<2")
    place = f"{LOCKS}/{digest_of(asked)}"
    unknown = await service.client.get(place, headers=service.bearer(Scope.LOCK))
    assert unknown.status_code == 404
    last = _frames(await _post(service, asked))[-1]
    assert isinstance(last, Conflict)
    again = await service.client.get(place, headers=service.bearer(Scope.LOCK))
    assert decode_frame(again.content) == last
    for method in ("GET", "DELETE"):
        answer = await service.client.request(method, place, headers=service.bearer(Scope.READ))
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "scope-missing"


async def test_who_may_not_use_an_index_sees_nothing_of_it(serve: Serve, corp: IndexServer) -> None:
    """A question about it is refused like one about an index there is not, and its result is not there."""
    service = await serve(_configured(corp, tokens=("team-*",)))
    asked, other = (
        request(corp, "a"),
        encode(LockRequest(question=question("a"), indexes=(Index(name="corp", url="https://other.test/simple/"),))),
    )
    team, stranger = (service.bearer(Scope.LOCK, name=name) for name in ("team-a", "stranger"))
    assert isinstance(_frames(await service.client.post(LOCKS, content=_body(asked), headers=team))[-1], Done)
    refused = await service.client.post(LOCKS, content=_body(asked), headers=stranger)
    unknown = await service.client.post(LOCKS, content=_body(other), headers=stranger)
    assert refused.status_code == unknown.status_code == 422
    assert refused.content == unknown.content
    place = f"{LOCKS}/{digest_of(asked)}"
    assert (await service.client.get(place, headers=team)).status_code == 200
    hidden = await service.client.get(place, headers=stranger)
    absent = await service.client.get(f"{LOCKS}/{'0' * 64}", headers=stranger)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json()["error"]["code"] == absent.json()["error"]["code"]


async def test_a_reserved_name_is_asked_for_nowhere_else(serve: Serve, corp: IndexServer, index: StartIndex) -> None:
    public = index(registry({"corp-secret": {"9.0": []}, "tool": {"1.0": ["corp-secret", "corp-other"]}}))
    private = index(registry({"corp-secret": {"1.0": []}, "corp-other": {"1.0": []}}))
    service = await serve(
        Configuration(
            indexes=(
                ServedIndex(name="public", url=public.url),
                ServedIndex(name="private", url=private.url, reserved=("corp-*",)),
            )
        )
    )
    # In the order of this client the public index comes first.
    indexes = (Index(name="public", url=public.url), Index(name="private", url=private.url))
    asked = encode(LockRequest(question=question("tool", "corp-secret"), indexes=indexes))
    last = _frames(await _post(service, asked))[-1]
    assert isinstance(last, Done)
    chosen = {package.name: (package.version, package.source) for package in last.answer.lock.packages}
    assert chosen["corp-secret"][0] == "1.0"  # type: ignore[index]
    # This one does not know the private index at all.
    asked = encode(LockRequest(question=question("tool"), indexes=indexes[:1]))
    assert isinstance(_frames(await _post(service, asked))[-1], Conflict)
    assert not public.paths("corp-")


async def test_logins_are_the_services_own(serve: Serve, index: StartIndex) -> None:
    guarded = index(registry(a={"1.0": []}), credentials=("ann", "secret"))
    login = Login("ann", "secret")
    service = await serve(_configured(guarded, login=login))
    assert isinstance(_frames(await _post(service, request(guarded, "a")))[-1], Done)
    without = await serve(_configured(guarded))
    answer = await _post(without, request(guarded, "a"))
    last = _frames(answer)[-1]
    assert isinstance(last, Failed)
    assert last.error.family == "index"
    assert b"secret" not in answer.content


async def test_a_client_of_another_revision_is_told_so(serve: Serve, corp: IndexServer) -> None:
    service = await serve(_configured(corp))
    asked = encode(
        LockRequest(
            revision=RESOLUTION_REVISION + 1, question=question("a"), indexes=(Index(name="corp", url=corp.url),)
        )
    )
    answer = await _post(service, asked)
    assert answer.status_code == 415
    assert answer.json()["error"]["facts"]["supported"] == [f"resolution revision {RESOLUTION_REVISION}"]
    assert not corp.paths()


_EMPTY = encode(LockRequest(question=Question(problem=Problem(members=()))))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"request": 1}',
        b'{"request": {"question": "",',
        b'{"request": ' + b'{"x":' * 100_000 + b"1" + b"}" * 100_001,
        b"[" * 1_000_000,
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
    ids=["empty", "null", "list", "nothing", "number", "cut", "deep", "deeper", "no-unicode"],
)
async def test_what_is_no_question_is_refused(serve: Serve, corp: IndexServer, body: bytes) -> None:
    service = await serve(_configured(corp))
    answer = await service.client.post(LOCKS, content=body, headers=service.bearer(Scope.LOCK))
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "bad-request"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(b'{"revision": %d}' % RESOLUTION_REVISION, id="no question"),
        pytest.param(_EMPTY.replace(b'"members":[]', b'"members":[{"name":1}]'), id="a member that is none"),
    ],
)
async def test_a_question_that_cannot_be_read_is_no_failure_of_the_service(
    serve: Serve, corp: IndexServer, asked: bytes
) -> None:
    service = await serve(_configured(corp))
    answer = await _post(service, asked)
    assert answer.status_code == 200
    last = _frames(answer)[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "bad-question"
    # The process that met it goes on.
    assert isinstance(_frames(await _post(service, request(corp, "a")))[-1], Done)


async def test_a_bomb_does_not_go_off(serve: Serve, corp: IndexServer) -> None:
    service = await serve(_configured(corp))
    bomb = gzip.compress(b" " * (64 << 20))
    headers = {**service.bearer(Scope.LOCK), "content-encoding": "gzip"}
    answer = await service.client.post(LOCKS, content=bomb, headers=headers)
    assert answer.status_code == 413


async def test_a_job_is_cancelled_for_all_who_wait_for_it(serve: Serve, corp: IndexServer) -> None:
    corp.slow("/simple/", 20.0)
    service = await serve(_configured(corp))
    asked = request(corp, "a")
    found: list[Frame] = []

    async def wait() -> None:
        found.append(_frames(await _post(service, asked))[-1])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(wait)
        place, headers = f"{LOCKS}/{digest_of(asked)}", service.bearer(Scope.LOCK)
        answer = await service.client.get(place, headers=headers)
        for _ in range(200):
            if answer.status_code == 202:
                break
            await anyio.sleep(0.05)
            answer = await service.client.get(place, headers=headers)
        assert answer.status_code == 202
        assert (await service.client.delete(place, headers=headers)).status_code == 204
    assert [frame.error.code for frame in found if isinstance(frame, Failed)] == ["job-cancelled"] * 2
    assert (await service.client.delete(place, headers=headers)).status_code == 404


async def test_a_herd_is_one_job(serve: Serve, corp: IndexServer, tmp_path: Path) -> None:
    corp.slow("/simple/", 0.3)
    service = await serve(_configured(corp))
    asked = request(corp, "a")
    found: list[bytes] = []

    async def ask() -> None:
        found.append((await _post(service, asked)).content.splitlines()[-1])

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
    assert len(found) == 50
    assert len(set(found)) == 1
    assert len(corp.paths("/simple/a/")) == 1


async def test_the_same_is_answered_at_once_as_long_as_no_page_may_have_changed(
    serve: Serve, index: StartIndex
) -> None:
    packages = registry(a={"1.0": []})
    lasting, moving = (index(packages, cache_control=text) for text in ("max-age=600", "max-age=0"))
    service = await serve(
        Configuration(
            indexes=(ServedIndex(name="lasting", url=lasting.url), ServedIndex(name="moving", url=moving.url))
        )
    )
    for server, asks_again in ((lasting, False), (moving, True)):
        asked = request(server, "a")
        first = _frames(await _post(service, asked))
        server.forget()
        again = await _post(service, asked)
        assert _frames(again)[-1] == first[-1]
        assert (len(_frames(again)) > 1, bool(server.paths())) == (asks_again, asks_again)
        plain = await _post(service, asked, **{"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert _frames(plain)[-1] == first[-1]
    packages.wheel("a", "2.0")
    last = _frames(await _post(service, request(moving, "a")))[-1]
    assert isinstance(last, Done)
    assert [package.version for package in last.answer.lock.packages] == ["2.0"]
