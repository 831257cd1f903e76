"""Clients of loopback indexes: no pauses between retries, a clock that stands still, a store of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from interlock.core.sources.source import Index
from interlock.index.auth import CredentialSources
from interlock.index.client import ClientOptions, IndexClient
from interlock.index.fetch_httpx import HttpxFetcher
from interlock.index.fetch_pyreqwest import PyreqwestFetcher
from interlock.index.fetcher import Fetcher, FetchOptions
from interlock.store.layout import Layout
from tests.index_server import IndexServer

__all__ = ["NOW", "Connect", "Pauses"]

NOW = 1_800_000_000.0
Connect = Callable[..., IndexClient]


class Pauses(list[float]):
    """A sleep that only remembers."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


@pytest.fixture(params=["pyreqwest", "httpx"])
def open_fetcher(request: pytest.FixtureRequest) -> Callable[[FetchOptions], Fetcher]:
    """Both implementations of the protocol."""
    return PyreqwestFetcher if request.param == "pyreqwest" else HttpxFetcher


@pytest.fixture
async def connect(layout: Layout, pauses: Pauses) -> AsyncIterator[Connect]:
    """Make clients: ``connect(server)``, ``connect(Index(...), server, now=..., offline=True)``."""
    clients: list[IndexClient] = []

    def make(
        *indexes: Index | IndexServer,
        credentials: CredentialSources | None = None,
        fetcher: Fetcher | None = None,
        now: float = NOW,
        **options: Any,
    ) -> IndexClient:
        client = IndexClient(
            _named(indexes),
            options=ClientOptions(now=now, **options),
            fetcher=fetcher or PyreqwestFetcher(FetchOptions(read_timeout=5)),
            layout=layout,
            credentials=credentials,
            sleep=pauses,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()


def _named(indexes: Sequence[Index | IndexServer]) -> list[Index]:
    names = iter(["main", "second", "third"])
    return [index if isinstance(index, Index) else Index(name=next(names), url=index.url) for index in indexes]
