"""Who may ask: tokens, how they are sent, and their scopes."""

from __future__ import annotations

import base64
import hashlib

import pytest

from interlock.service.server.configuration import Configuration, ConfiguredToken
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import Token
from tests.service.server.conftest import NOW, Serve


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize("path", ["/metrics", "/v1/locks", "/simple/pypi/", "/not/there", "/"])
async def test_without_a_token_every_address_answers_alike(serve: Serve, path: str) -> None:
    service = await serve()
    other = await service.client.get("/metrics")
    answer = await service.client.get(path)
    assert answer.status_code == 401
    assert answer.content == other.content
    assert "Basic" in answer.headers["www-authenticate"]
    assert answer.json()["error"]["code"] == "token-refused"


async def test_health_asks_for_no_token(serve: Serve) -> None:
    service = await serve()
    for path, text in (("/live", "live\n"), ("/ready", "ready\n")):
        answer = await service.client.get(path)
        assert (answer.status_code, answer.text) == (200, text)


async def test_a_token_is_sent_in_the_ways_of_pip_and_ours(serve: Serve) -> None:
    service = await serve()
    text = service.token(Scope.ADMIN)
    for headers in (
        {"Authorization": f"Bearer {text}"},
        {"Authorization": f"bearer  {text}"},
        basic("__token__", text),
        basic("anybody", text),
        basic(text, ""),
    ):
        assert (await service.client.get("/metrics", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic !!!",
        "Basic eA",
        "Digest x",
        "Bearer interlock_00000000_" + "0" * 48,
        "\xff\xfe",
    ],
)
async def test_what_is_no_token_opens_nothing(serve: Serve, header: str) -> None:
    service = await serve()
    answer = await service.client.get("/metrics", headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


async def test_a_token_with_another_secret_opens_nothing(serve: Serve) -> None:
    service = await serve()
    text = service.token(Scope.ADMIN)
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert (await service.client.get("/metrics", headers=basic("x", wrong))).status_code == 401


async def test_a_token_opens_nothing_once_it_has_expired_or_was_revoked(serve: Serve) -> None:
    service = await serve()
    expired = await service.client.get("/metrics", headers=service.bearer(Scope.ADMIN, expires=int(NOW)))
    assert (expired.status_code, expired.json()["error"]["facts"]["reason"]) == (
        401,
        "the one that was sent has expired",
    )
    headers = service.bearer(Scope.ADMIN, expires=int(NOW) + 1)
    assert (await service.client.get("/metrics", headers=headers)).status_code == 200
    for token in service.state.tokens.all():
        service.state.tokens.revoke(token.id, now=NOW)
    assert (await service.client.get("/metrics", headers=headers)).status_code == 401


async def test_a_token_needs_the_scope_and_no_other_stands_for_it(serve: Serve) -> None:
    service = await serve()
    every_other = [scope for scope in Scope if scope is not Scope.ADMIN]
    answer = await service.client.get("/metrics", headers=service.bearer(*every_other))
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert (error["code"], error["facts"]["scope"]) == ("scope-missing", "admin")


async def test_a_token_of_the_configuration_is_named_by_its_digest(serve: Serve) -> None:
    digest = hashlib.sha256(b"a text of their own").digest()
    token = Token(id="of file", name="ci", scopes=frozenset({Scope.ADMIN}), expires=int(NOW) + 5)
    service = await serve(Configuration(tokens=(ConfiguredToken(token, digest),)))
    assert (await service.client.get("/metrics", headers=basic("", "a text of their own"))).status_code == 200
    assert (await service.client.get("/metrics", headers=basic("", "another one"))).status_code == 401


async def test_what_nothing_is_at_is_said_to_those_who_may_ask(serve: Serve) -> None:
    service = await serve()
    headers = service.bearer()
    answer = await service.client.get("/not/there", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "nothing-here")
    answer = await service.client.post("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method-refused")
    assert "GET" in answer.headers["allow"]


async def test_the_log_has_who_asked_for_what_and_no_secret(serve: Serve) -> None:
    service = await serve()
    text = service.token(Scope.READ)
    await service.client.get(f"/{text}/x", headers=basic("u", text))
    (line,) = service.logged
    assert (line["event"], line["status"], line["token"]) == ("request", 404, text.split("_")[1])
    assert text not in str(service.logged)
    assert text.rpartition("_")[2] not in str(service.logged)


async def test_a_service_that_ends_begins_nothing_new(serve: Serve) -> None:
    service = await serve()
    service.state.ending.begun = True
    answer = await service.client.get("/metrics", headers=service.bearer(Scope.ADMIN))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (await service.client.get("/live")).status_code == 200
    assert (await service.client.get("/ready")).status_code == 503


async def test_requests_are_counted_by_route(serve: Serve) -> None:
    service = await serve()
    headers = service.bearer(Scope.ADMIN)
    for path in ("/metrics", "/nowhere/1", "/nowhere/2"):
        await service.client.get(path, headers=headers)
    text = (await service.client.get("/metrics", headers=headers)).text
    assert 'interlock_requests_total{method="GET",route="/metrics",status="200"} 1.0' in text
    assert 'interlock_requests_total{method="GET",route="none",status="404"} 2.0' in text
