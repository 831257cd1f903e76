"""``/v1/locks/{digest}/events``, and jobs that a service answers which another one before it was asked."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import anyio
import httpx
import msgspec
import pytest

from interlock.service.protocol import LOCKS, Done, Envelope, Frame, Progress, decode_frame, digest_of
from interlock.service.server.configuration import Configuration, ServedIndex
from interlock.service.state.scopes import Scope
from tests.index_server import IndexServer
from tests.registry import registry
from tests.service.questions import request
from tests.service.running import RunningService, running_service
from tests.service.server.conftest import Serve


@pytest.fixture
def corp(index: Callable[..., IndexServer]) -> IndexServer:
    return index(registry(a={"1.0": ["b"]}, b={"1.0": []}))


def _body(asked: bytes) -> bytes:
    return msgspec.json.encode(Envelope(request=msgspec.Raw(asked)))


def _events(text: str) -> list[tuple[str, Frame]]:
    """As the HTML standard has it: fields until a blank line; what begins with a colon is a comment."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], decode_frame(fields["data"].encode())))
    return found


async def test_who_else_waits_sees_what_happens_and_then_the_result(serve: Serve, corp: IndexServer) -> None:
    corp.slow("/simple/", 1.5)
    service = await serve(Configuration(indexes=(ServedIndex(name="inner", url=corp.url),)))
    asked, headers = request(corp, "a"), service.bearer(Scope.LOCK)
    place = f"{LOCKS}/{digest_of(asked)}/events"
    posted: list[httpx.Response] = []

    async def post() -> None:
        posted.append(await service.client.post(LOCKS, content=_body(asked), headers=headers))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(post)
        await anyio.sleep(0.3)
        answer = await service.client.get(place, headers=headers)
    assert answer.headers["content-type"].split(";")[0] == "text/event-stream"
    assert answer.text.startswith(": beat\n\n")
    events = _events(answer.text)
    assert {name for name, _ in events} == {"progress", "done"}
    assert isinstance(events[0][1], Progress)
    last = decode_frame(posted[0].content.splitlines()[-1])
    assert isinstance(last, Done)
    assert events[-1] == ("done", last)
    again = await service.client.get(place, headers=headers)
    assert _events(again.text) == [("done", last)]
    assert again.headers["content-length"] == str(len(again.content))
    assert len(corp.paths("/simple/a/")) == 1


async def test_events_are_for_those_who_may_use_the_indexes(serve: Serve, corp: IndexServer) -> None:
    service = await serve(Configuration(indexes=(ServedIndex(name="inner", url=corp.url, tokens=("team-*",)),)))
    asked = request(corp, "a")
    place = f"{LOCKS}/{digest_of(asked)}/events"
    ours, theirs = service.bearer(Scope.LOCK, name="team-a"), service.bearer(Scope.LOCK)
    assert (await service.client.get(place, headers=ours)).status_code == 404
    await service.client.post(LOCKS, content=_body(asked), headers=ours)
    hidden = await service.client.get(place, headers=theirs)
    unknown = await service.client.get(f"{LOCKS}/{'0' * 64}/events", headers=theirs)
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.content.replace(digest_of(asked).encode(), b"0" * 64) == unknown.content
    assert (await service.client.get(place, headers=ours)).status_code == 200
    head = await service.client.head(place, headers=ours)
    assert (head.status_code, head.content) == (200, b"")


class _Restarted:
    """Services one after the other, on one data folder."""

    def __init__(self, stack: ExitStack, corp: IndexServer, folder: Path) -> None:
        self._stack = stack
        self._data = folder / "data"
        self._configuration = folder / "service.toml"
        self._configuration.write_text(f'[[index]]\nname = "corp"\nurl = "{corp.url}"\n[limits]\ndrain-seconds = 1\n')
        self._token = ""

    def start(self) -> tuple[RunningService, httpx.Client]:
        line = ("--config", str(self._configuration), "--workers", "1")
        running = self._stack.enter_context(running_service(self._data, *line)).started()
        self._token = self._token or running.make_token("--scope", "lock")
        return running, self._stack.enter_context(running.client(self._token))


@pytest.fixture
def restarted(corp: IndexServer, tmp_path: Path) -> Iterator[_Restarted]:
    with ExitStack() as stack:
        yield _Restarted(stack, corp, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_outlives_the_service_that_was_asked(restarted: _Restarted, corp: IndexServer, number: int) -> None:
    """Whoever asks again gets 202 and then the answer, and nobody a result that is none."""
    asked = request(corp, "a")
    place = f"{LOCKS}/{digest_of(asked)}"
    corp.slow("/simple/", 5.0)
    first, client = restarted.start()
    broken = b""
    with client.stream("POST", LOCKS, content=_body(asked)) as answer:
        lines = answer.iter_bytes()
        assert next(lines)
        assert client.get(place).status_code == 202
        first.send(number)
        with suppress(httpx.HTTPError):
            for data in lines:
                broken += data
    first.process.wait(timeout=30)
    assert b'"type":"done"' not in broken
    assert (b"job-interrupted" in broken) == (number == signal.SIGTERM)
    corp.slow("/simple/", 0.0)
    _, client = restarted.start()
    begun = client.get(place)
    assert (begun.status_code, begun.headers["retry-after"]) == (202, "1")
    end = time.monotonic() + 20
    while (found := client.get(place)).status_code == 202:
        assert time.monotonic() < end
        time.sleep(0.1)
    last = decode_frame(found.content)
    assert isinstance(last, Done)
    posted = client.post(LOCKS, content=_body(asked))
    assert decode_frame(posted.content.splitlines()[-1]) == last


def test_a_result_outlives_the_service_and_what_was_cancelled_does_not(
    restarted: _Restarted, corp: IndexServer
) -> None:
    answered, cancelled = request(corp, "a"), request(corp, "b")
    first, client = restarted.start()
    done = decode_frame(client.post(LOCKS, content=_body(answered)).content.splitlines()[-1])
    corp.slow("/simple/", 5.0)
    with client.stream("POST", LOCKS, content=_body(request(corp, "a", "nothing"))) as answer:
        assert next(answer.iter_bytes())
        assert client.delete(f"{LOCKS}/{answer.headers['interlock-digest']}").status_code == 204
        gone = answer.headers["interlock-digest"]
    assert first.end() == 0
    corp.slow("/simple/", 0.0)
    _, client = restarted.start()
    events = client.get(f"{LOCKS}/{digest_of(answered)}/events").text
    assert _events(events)[-1] == ("done", done)
    assert client.get(f"{LOCKS}/{gone}").status_code == 404
    assert client.get(f"{LOCKS}/{digest_of(cancelled)}").status_code == 404
