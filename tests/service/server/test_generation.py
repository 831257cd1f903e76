"""One configuration after the other, and the end."""

from __future__ import annotations

import anyio
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from interlock.service.proxy.options import BadProxiedIndex
from interlock.service.server.configuration import Configuration, ServedIndex
from interlock.service.server.generation import Generations
from interlock.service.server.state import ServerState
from tests.service.server.conftest import Serve

OTHER = Configuration(indexes=(ServedIndex(name="inner", url="https://index.test/simple/"),))


class Waiting:
    """Applications that answer with the names of their indexes, once they may."""

    def __init__(self) -> None:
        self.may = anyio.Event()
        self.closed: list[str] = []

    def make(self, state: ServerState) -> ASGIApp:
        names = ",".join(index.name for index in state.configuration.indexes)
        state.lifetime.callback(self.closed.append, names)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            del scope, receive
            await self.may.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": names.encode()})

        return app


async def ask(generations: Generations, answers: list[bytes]) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        if message["type"] == "http.response.body":
            answers.append(message["body"])

    await generations({"type": "http"}, receive, send)


async def test_what_was_asked_before_is_answered_by_the_old_configuration_and_what_it_opened_closed_then(
    serve: Serve,
) -> None:
    waiting = Waiting()
    generations = (await serve(make=waiting.make)).generations
    old: list[bytes] = []
    new: list[bytes] = []
    async with anyio.create_task_group() as group:
        group.start_soon(ask, generations, old)
        await anyio.wait_all_tasks_blocked()
        await generations.follow(OTHER)
        await anyio.wait_all_tasks_blocked()
        assert waiting.closed == []
        group.start_soon(ask, generations, new)
        await anyio.wait_all_tasks_blocked()
        waiting.may.set()
    await anyio.wait_all_tasks_blocked()
    assert (old, new, waiting.closed) == ([b"pypi"], [b"inner"], ["pypi"])


async def test_a_configuration_that_cannot_be_served_changes_nothing(serve: Serve) -> None:
    waiting = Waiting()
    waiting.may.set()
    generations = (await serve(make=waiting.make)).generations
    with pytest.raises(BadProxiedIndex):
        await generations.follow(Configuration(indexes=(ServedIndex(name="x", url="ftp://index.test/"),)))
    answers: list[bytes] = []
    await ask(generations, answers)
    assert (answers, waiting.closed) == ([b"pypi"], [])


async def test_the_end_waits_for_answers_and_no_longer_than_it_may(serve: Serve) -> None:
    waiting = Waiting()
    generations = (await serve(make=waiting.make)).generations
    answers: list[bytes] = []
    async with anyio.create_task_group() as group:
        group.start_soon(ask, generations, answers)
        await anyio.wait_all_tasks_blocked()
        await generations.drain(0.05)
        assert generations.under_way == 1
        assert generations.state.ending.begun
        waiting.may.set()
        await generations.drain(5)
        assert (generations.under_way, answers) == (0, [b"pypi"])
