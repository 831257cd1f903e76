"""A service in this process: its application asked directly, over no socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.types import ASGIApp

from interlock.means import Means
from interlock.service.server.app import make_app
from interlock.service.server.configuration import Configuration
from interlock.service.server.log import Log
from interlock.service.server.metrics import Metrics
from interlock.service.server.state import Ending, ServerState
from interlock.service.state.data_folder import open_folder
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import TokenStore
from interlock.settings.decided import Settings
from interlock.store.layout import Layout

NOW = 1_800_000_000.0
START = datetime.fromtimestamp(NOW, UTC)


class Service(NamedTuple):
    state: ServerState
    client: httpx.AsyncClient
    logged: list[Mapping[str, object]]

    def token(self, *scopes: Scope, name: str = "ann", **more: Any) -> str:
        more = {"indexes": None, "expires": None, **more}
        return self.state.tokens.create(name, scopes, now=NOW, **more).text

    def bearer(self, *scopes: Scope, **more: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*scopes, **more)}"}


Serve = Callable[..., Service]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Start services: ``serve(Configuration(...))``."""
    clients: list[httpx.AsyncClient] = []
    stores: list[TokenStore] = []

    def start(configuration: Configuration | None = None, make: Callable[[ServerState], ASGIApp] = make_app) -> Service:
        folder = open_folder(tmp_path / f"data-{len(clients)}")
        logged: list[Mapping[str, object]] = []
        state = ServerState(
            configuration=configuration or Configuration(),
            folder=folder,
            tokens=TokenStore(folder.database),
            clock=lambda: NOW,
            log=Log(logged.append, lambda: NOW),
            metrics=Metrics(),
            ending=Ending(),
            lifetime=AsyncExitStack(),
            means=Means(
                settings=Settings(cache_dir=str(folder.store)), layout=Layout(folder.store), environ={}, now=START
            ),
        )
        transport = httpx.ASGITransport(make(state))
        client = httpx.AsyncClient(transport=transport, base_url="http://service.test")
        clients.append(client)
        stores.append(state.tokens)
        return Service(state, client, logged)

    yield start
    for client in clients:
        await client.aclose()
    for store in stores:
        store.close()


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenStore]:
    store = TokenStore(open_folder(tmp_path / "tokens").database)
    yield store
    store.close()
