"""Clients of loopback indexes: no pauses between retries, a clock that stands still, a store of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from interlock.core.settings.choices import IndexStrategy
from interlock.core.sources.source import Index
from interlock.index.auth import CredentialSources
from interlock.index.fetch_httpx import HttpxFetcher
from interlock.index.fetch_pyreqwest import PyreqwestFetcher
from interlock.index.fetcher import Fetcher, FetchOptions
from interlock.index.upstream import Upstream, UpstreamOptions
from interlock.index.view import View, ViewOptions
from interlock.store.layout import Layout
from tests.index_server import IndexServer

__all__ = ["NOW", "Connect", "Pauses", "named"]

NOW = 1_800_000_000.0
Connect = Callable[..., View]


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
    """Make views, each of an upstream of its own.

    ``connect(server)``, ``connect(Index(...), server, now=..., offline=True)``
    """
    upstreams: list[Upstream] = []

    def make(
        *indexes: Index | IndexServer,
        credentials: CredentialSources | None = None,
        fetcher: Fetcher | None = None,
        now: float = NOW,
        refresh: bool | Collection[str] = False,
        strategy: IndexStrategy = "first-index",
        **options: Any,
    ) -> View:
        upstream = Upstream(
            fetcher=fetcher or PyreqwestFetcher(FetchOptions(read_timeout=5)),
            layout=layout,
            options=UpstreamOptions(**options),
            credentials=credentials,
            sleep=pauses,
        )
        upstreams.append(upstream)
        return View(upstream, named(indexes), options=ViewOptions(now=now, refresh=refresh, strategy=strategy))

    yield make
    for upstream in upstreams:
        await upstream.close()


def named(indexes: Sequence[Index | IndexServer]) -> list[Index]:
    names = iter(["main", "second", "third"])
    return [index if isinstance(index, Index) else Index(name=next(names), url=index.url) for index in indexes]
