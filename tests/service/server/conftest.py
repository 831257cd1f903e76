"""A service in this process: its application asked directly, over no socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from interlock.means import Means
from interlock.service.server.app import make_app
from interlock.service.server.configuration import Configuration
from interlock.service.server.generation import Generations, MakeApp, open_generations
from interlock.service.server.log import Log
from interlock.service.server.metrics import Metrics
from interlock.service.server.state import Ending, Foundation, ServerState
from interlock.service.state.data_folder import open_folder
from interlock.service.state.job_list import JobList
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import TokenStore
from interlock.settings.decided import Settings
from interlock.store.layout import Layout

NOW = 1_750_000_000.0
"""Before the files of a test are made, so that none of them is old."""
START = datetime.fromtimestamp(NOW, UTC)


class Service(NamedTuple):
    generations: Generations
    client: httpx.AsyncClient
    logged: list[Mapping[str, object]]

    @property
    def state(self) -> ServerState:
        return self.generations.state

    def token(self, *scopes: Scope, name: str = "ann", **more: Any) -> str:
        more = {"indexes": None, "expires": None, **more}
        return self.state.tokens.create(name, scopes, now=NOW, **more).text

    def bearer(self, *scopes: Scope, **more: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*scopes, **more)}"}


Serve = Callable[..., Awaitable[Service]]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Start services: ``await serve(Configuration(...))``."""
    ended = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def live(folder: Path, configuration: Configuration, make: MakeApp, started: asyncio.Future[Service]) -> None:
        """In one task from its beginning to its end, as task groups want it."""
        logged: list[Mapping[str, object]] = []
        foundation = _foundation(folder, logged)
        async with AsyncExitStack() as stack:
            stack.callback(foundation.tokens.close)
            stack.callback(foundation.jobs.close)
            generations = await stack.enter_async_context(open_generations(foundation, configuration, make))
            transport = httpx.ASGITransport(generations)
            client = httpx.AsyncClient(transport=transport, base_url="http://service.test")
            await stack.enter_async_context(client)
            started.set_result(Service(generations, client, logged))
            await ended.wait()

    async def start(configuration: Configuration | None = None, make: MakeApp = make_app) -> Service:
        started: asyncio.Future[Service] = asyncio.get_running_loop().create_future()
        folder = tmp_path / f"data-{len(tasks)}"
        task = asyncio.create_task(live(folder, configuration or Configuration(), make, started))
        tasks.append(task)
        await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        return started.result()

    yield start
    ended.set()
    await asyncio.gather(*tasks)


def _foundation(root: Path, logged: list[Mapping[str, object]]) -> Foundation:
    folder = open_folder(root)
    settings = Settings(cache_dir=str(folder.store))
    return Foundation(
        folder=folder,
        tokens=TokenStore(folder.database),
        jobs=JobList(folder.job_list),
        clock=lambda: NOW,
        log=Log(logged.append, lambda: NOW),
        metrics=Metrics(),
        ending=Ending(),
        means=Means(settings=settings, layout=Layout(folder.store), environ={}, now=START),
    )
