"""``/v8/artifacts``: what Turborepo asks of a remote cache."""

from __future__ import annotations

import random

import pytest

from interlock.service.server.configuration import Configuration
from interlock.service.server.limits import Limits
from interlock.service.state.scopes import Scope
from tests.service.server.conftest import Serve, Service

HASH = "0a1b2c3d4e5f6071"
PATH = f"/v8/artifacts/{HASH}"
TEAM = {"slug": "acme"}


def writer(service: Service, *more: Scope, name: str = "ci") -> dict[str, str]:
    return service.bearer(Scope.CACHE_READ, Scope.CACHE_WRITE, *more, name=name)


async def test_an_artifact_comes_back_with_what_was_said_of_it(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    data = random.Random(1).randbytes(2_500_000)
    said = {"x-artifact-duration": "1234", "x-artifact-tag": "c2lnbmF0dXJl", "x-artifact-client-ci": "GITHUB_ACTIONS"}
    assert (await service.client.get(PATH, params=TEAM, headers=headers)).status_code == 404
    assert (await service.client.head(PATH, params=TEAM, headers=headers)).status_code == 404
    put = await service.client.put(PATH, params=TEAM, content=data, headers={**headers, **said})
    assert (put.status_code, list(put.json())) == (202, ["urls"])
    for method in ("GET", "HEAD"):
        answer = await service.client.request(method, PATH, params=TEAM, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-length"] == str(len(data))
        assert answer.headers["x-artifact-duration"] == "1234"
        assert answer.headers["x-artifact-tag"] == "c2lnbmF0dXJl"
        assert answer.content == (data if method == "GET" else b"")


async def test_a_hash_may_be_of_other_bytes_the_next_time(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    for data in (b"first", b"second", b"", b'{"duration":7}\n'):
        await service.client.put(PATH, content=data, headers=headers)
        answer = await service.client.get(PATH, headers=headers)
        assert (answer.content, answer.headers["x-artifact-duration"]) == (data, "0")
        assert "x-artifact-tag" not in answer.headers


async def test_teams_have_hashes_of_their_own(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    teams: tuple[dict[str, str], ...] = (
        {},
        {"slug": "a"},
        {"teamId": "a"},
        {"teamId": "a", "slug": "a"},
        {"teamId": "a,a"},
    )
    for number, team in enumerate(teams):
        await service.client.put(PATH, params=team, content=bytes([number]), headers=headers)
    for number, team in enumerate(teams):
        assert (await service.client.get(PATH, params=team, headers=headers)).content == bytes([number])


async def test_many_are_asked_for_at_once(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    await service.client.put(PATH, content=b"12345", headers={**headers, "x-artifact-duration": "7"})
    asked = {"hashes": [HASH, "ffff", "../../etc/passwd", ""]}
    answer = await service.client.post("/v8/artifacts", json=asked, headers=headers)
    nothing = dict.fromkeys(asked["hashes"][1:])
    assert answer.json() == {HASH: {"size": 5, "taskDurationMs": 7}, **nothing}
    too_many = await service.client.post("/v8/artifacts", json={"hashes": ["a"] * 1001}, headers=headers)
    assert too_many.status_code == 400


async def test_it_says_that_it_is_there_and_listens(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    assert (await service.client.get("/v8/artifacts/status", headers=headers)).json() == {"status": "enabled"}
    events = [{"sessionId": "s", "source": "REMOTE", "event": "HIT", "hash": HASH, "duration": 3}]
    assert (await service.client.post("/v8/artifacts/events", json=events, headers=headers)).status_code == 200
    assert (await service.client.post("/v8/artifacts/events", content=b"{", headers=headers)).status_code == 400
    # What is no file has the bounds of any other request.
    limits = Limits(max_body_bytes=1000)
    small = await serve(Configuration(limits=limits))
    large = await small.client.post("/v8/artifacts/events", content=b" " * 1001, headers=writer(small))
    assert large.status_code == 413


async def test_other_versions_of_ours_are_still_refused(serve: Serve) -> None:
    service = await serve()
    for path in ("/v8", "/v8/locks", "/v8/artifactsx", "/v9/artifacts/status"):
        assert (await service.client.get(path, headers=writer(service))).status_code == 415


@pytest.mark.parametrize(
    ("headers", "hash_"),
    [
        ({"x-artifact-duration": "-1"}, HASH),
        ({"x-artifact-duration": "9" * 16}, HASH),
        ({"x-artifact-duration": "soon"}, HASH),
        ({"x-artifact-tag": "x" * 601}, HASH),
        ({"content-encoding": "gzip"}, HASH),
        ({}, "a" * 129),
        ({}, "a.b"),
        ({}, "%2e%2e%2f"),
        ({}, "%0a"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_not_kept(serve: Serve, headers: dict[str, str], hash_: str) -> None:
    service = await serve()
    sent = {**writer(service), **headers}
    answer = await service.client.put(f"/v8/artifacts/{hash_}", content=b"x", headers=sent)
    assert answer.status_code in {400, 404}
    assert not (service.state.folder.store / "cache-v1").exists()


async def test_a_pull_request_writes_for_itself_alone(serve: Serve) -> None:
    service = await serve()
    pull, main = writer(service, name="pr"), writer(service, Scope.CACHE_PROTECTED, name="main")
    await service.client.put(PATH, content=b"poison", headers=pull)
    for reader in (main, service.bearer(Scope.CACHE_READ), writer(service, name="other")):
        assert (await service.client.get(PATH, headers=reader)).status_code == 404
        assert (await service.client.post("/v8/artifacts", json={"hashes": [HASH]}, headers=reader)).json() == {
            HASH: None
        }
    assert (await service.client.get(PATH, headers=pull)).content == b"poison"
    await service.client.put(PATH, content=b"right", headers=main)
    assert (await service.client.get(PATH, headers=pull)).content == b"right"
