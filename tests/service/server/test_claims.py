"""Claims: one builds, the others are told when to look, and nobody waits for somebody who is gone."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from interlock.service.cache.claims import Claims, TooManyClaims
from interlock.service.server.configuration import Configuration
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import Token
from interlock.toolchain.claims import MOST_CLAIMS
from tests.service.running import RunningService, running_service
from tests.service.server.conftest import Serve

KEYS = [f"{number:064x}" for number in range(3)]
READ, WRITE, PROTECTED = Scope.CACHE_READ, Scope.CACHE_WRITE, Scope.CACHE_PROTECTED


def token(name: str, *scopes: Scope) -> Token:
    return Token(id=name, name=name, scopes=frozenset(scopes))


async def test_one_is_given_it_and_the_others_are_told_when_it_is_over() -> None:
    claims = Claims()
    one, two, three = (claims.open(token("ci", READ, WRITE)) for _ in range(3))
    assert claims.take(one, KEYS[0])
    assert claims.take(one, KEYS[0]), "again"
    assert not claims.take(two, KEYS[0])
    assert not claims.take(three, KEYS[0])
    assert claims.take(two, KEYS[1])
    assert await two.freed(0.01) == ()
    claims.leave(three, KEYS[0])
    assert await two.freed(0.01) == (), "it was not his to end"
    claims.leave(one, KEYS[0])
    assert await two.freed(1) == (KEYS[0],)
    assert await three.freed(1) == (KEYS[0],)
    assert await one.freed(0.01) == ()
    assert claims.take(three, KEYS[0])
    assert not claims.take(two, KEYS[0])


async def test_with_its_session_all_that_one_holds_is_free() -> None:
    claims = Claims()
    one, two = (claims.open(token("ci", READ, WRITE)) for _ in range(2))
    assert all(claims.take(one, key) for key in KEYS)
    assert not any(claims.take(two, key) for key in KEYS)
    claims.close(one)
    assert await two.freed(1) == tuple(KEYS)
    assert all(claims.take(two, key) for key in KEYS)


async def test_nobody_waits_for_what_he_will_not_be_given() -> None:
    claims = Claims()
    main, pull, other = (
        claims.open(token("main", READ, WRITE, PROTECTED)),
        claims.open(token("pull", READ, WRITE)),
        claims.open(token("other", READ, WRITE)),
    )
    assert claims.take(pull, KEYS[0])
    assert claims.take(main, KEYS[0]), "a pull request keeps no protected one waiting"
    assert claims.take(other, KEYS[1])
    assert claims.take(pull, KEYS[1]), "nor one of another name"
    assert claims.take(main, KEYS[2])
    assert not claims.take(pull, KEYS[2]), "what is protected is for all"
    claims.leave(pull, KEYS[0])
    assert await main.freed(0.01) == ()
    claims.leave(main, KEYS[2])
    assert await pull.freed(1) == (KEYS[2],)


@pytest.mark.parametrize("seed", range(5))
def test_no_two_of_a_space_hold_the_same(seed: int) -> None:
    """Any order of what clients do: never two holders, and none that is left over."""
    chance, claims = random.Random(seed), Claims()
    sessions = [claims.open(token("ci", READ, WRITE)) for _ in range(4)]
    for _ in range(500):
        session, key = chance.choice(sessions), chance.choice(KEYS)
        match chance.randrange(8):
            case 0:
                claims.close(session)
                sessions.remove(session)
                sessions.append(claims.open(token("ci", READ, WRITE)))
            case 1 | 2:
                claims.leave(session, key)
            case _:
                held = any(key in other.holds for other in sessions if other is not session)
                assert claims.take(session, key) != held
        for one in KEYS:
            assert sum(one in other.holds for other in sessions) <= 1
    for session in sessions:
        claims.close(session)
    assert repr(claims) == "<Claims [0 of 0 sessions]>"


def test_a_session_has_a_most() -> None:
    claims = Claims()
    session = claims.open(token("ci", READ, WRITE))
    for number in range(MOST_CLAIMS):
        assert claims.take(session, f"{number:064x}")
    with pytest.raises(TooManyClaims):
        claims.take(session, "f" * 64)


async def test_what_makes_no_sense_is_refused(serve: Serve) -> None:
    service = await serve(Configuration())
    headers = service.bearer(READ, WRITE)
    for body, status in (
        (b"{", 400),
        (b"{}", 400),
        (b'{"key":"x"}', 404),
        (msgspec.json.encode({"key": KEYS[0]}), 404),
    ):
        answer = await service.client.post(f"/v1/claims/{'0' * 32}", content=body, headers=headers)
        assert answer.status_code == status
    assert (await service.client.post("/v1/claims", headers=service.bearer(READ))).status_code == 403


class Client:
    """One that builds, over a socket."""

    def __init__(self, service: RunningService, token: str) -> None:
        self._http = service.client(token)
        self._stream = self._http.stream("POST", "/v1/claims")
        self._lines = self._stream.__enter__().iter_lines()
        self.session = self.frame()["session"]

    def frame(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(next(self._lines))
        return found

    def say(self, key: str, **more: Any) -> tuple[int, bool]:
        answer = self._http.post(f"/v1/claims/{self.session}", json={"key": key, **more})
        return answer.status_code, answer.is_success and answer.json()["yours"]

    def close(self) -> None:
        self._stream.__exit__(None, None, None)
        self._http.close()


def test_a_client_that_is_gone_keeps_nobody_waiting(tmp_path: Any) -> None:
    with running_service(tmp_path / "data", "--listen", "127.0.0.1:0") as service:
        service.started()
        text = service.make_token("--name", "ci", "--scope", "cache:read,cache:write")
        stranger = service.make_token("--name", "eve", "--scope", "cache:read,cache:write")
        one, two = Client(service, text), Client(service, text)
        assert one.say(KEYS[0]) == (200, True)
        assert two.say(KEYS[0]) == (200, False)
        assert one.frame() == {"type": "beat"}
        spy = service.client(stranger)
        assert spy.post(f"/v1/claims/{one.session}", json={"key": KEYS[0], "ends": True}).status_code == 404
        spy.close()
        assert two.say("x")[0] == 400
        one.close()
        while (frame := two.frame())["type"] == "beat":
            pass
        assert frame == {"type": "freed", "keys": [KEYS[0]]}
        assert two.say(KEYS[0]) == (200, True)
        two.close()
        # A session that is open keeps no service from ending.
        three = Client(service, text)
        assert service.end() == 0
        three.close()
