"""``/v1/locks`` of a service in a process of its own: clients that go away, and the end of the service."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from interlock.service.protocol import LOCKS, Done, Envelope, decode_frame, digest_of
from tests.index_server import IndexServer
from tests.registry import registry
from tests.service.questions import request
from tests.service.running import RunningService, running_service


@pytest.fixture
def corp(index: Callable[..., IndexServer]) -> IndexServer:
    return index(registry(a={"1.0": ["b"]}, b={"1.0": []}))


@pytest.fixture
def running(corp: IndexServer, tmp_path: Path) -> Iterator[RunningService]:
    configuration = tmp_path / "service.toml"
    configuration.write_text(f'[[index]]\nname = "corp"\nurl = "{corp.url}"\n')
    with running_service(tmp_path / "data", "--config", str(configuration), "--workers", "1") as service:
        yield service.started()


def _client(service: RunningService) -> httpx.Client:
    return service.client(service.make_token("--scope", "lock"))


def _body(asked: bytes) -> bytes:
    return msgspec.json.encode(Envelope(request=msgspec.Raw(asked)))


def _solving(service: RunningService) -> list[int]:
    """The processes that the service has started."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    if not children.exists():
        pytest.skip("the system does not tell")
    return [int(number) for number in children.read_text().split()]


def _wait(what: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_a_client_that_goes_away_takes_its_job_with_it(running: RunningService, corp: IndexServer) -> None:
    corp.slow("/simple/", 30.0)
    asked = request(corp, "a")
    place = f"{LOCKS}/{digest_of(asked)}"
    with _client(running) as client:
        with client.stream("POST", LOCKS, content=_body(asked)) as answer:
            assert next(answer.iter_lines())
            assert client.get(place).status_code == 202
            (solving,) = _solving(running)
        begun = time.monotonic()
        _wait(lambda: client.get(place).status_code == 404)
        # It lingers for two seconds: who only lost the connection comes back.
        assert time.monotonic() - begun > 1.0
        _wait(lambda: solving not in _solving(running))


def test_a_client_that_comes_back_finds_its_job(running: RunningService, corp: IndexServer) -> None:
    corp.slow("/simple/", 1.0)
    asked = request(corp, "a")
    with _client(running) as client:
        with client.stream("POST", LOCKS, content=_body(asked)) as answer:
            assert next(answer.iter_lines())
        answer = client.post(LOCKS, content=_body(asked))
        assert isinstance(decode_frame(answer.content.splitlines()[-1]), Done)
    assert len(corp.paths("/simple/a/")) == 1


def test_a_service_that_ends_answers_what_it_was_asked(running: RunningService, corp: IndexServer) -> None:
    corp.slow("/simple/", 1.0)
    asked = request(corp, "a")
    with _client(running) as client, client.stream("POST", LOCKS, content=_body(asked)) as answer:
        lines = answer.iter_lines()
        assert next(lines)
        solving = _solving(running)
        running.process.terminate()
        assert isinstance(decode_frame(list(lines)[-1].encode()), Done)
    assert running.process.wait(timeout=30) == 0
    assert not [number for number in solving if _is_alive(number)]


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
