"""What one machine has fetched and learned, another one that shares its blobs need not."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import normalize_name
from interlock.core.sources.source import Index
from interlock.index.fetch_pyreqwest import PyreqwestFetcher
from interlock.index.fetcher import FetchOptions
from interlock.index.outcomes import NeedsBuild
from interlock.index.upstream import Upstream, UpstreamOptions
from interlock.index.view import View, ViewOptions
from interlock.store.blobs import DirectoryBlobs, SecondLevel
from interlock.store.layout import Layout
from tests.conftest import IndexFactory
from tests.index.conftest import NOW
from tests.index_server import IndexServer
from tests.registry import holding, registry
from tests.wheels import make_sdist, make_wheel

A = normalize_name("a")


@contextlib.asynccontextmanager
async def machine(tmp_path: Path, name: str, server: IndexServer) -> AsyncIterator[View]:
    """A store of its own, and the blobs of all."""
    layout = Layout(tmp_path / name)
    upstream = Upstream(
        fetcher=PyreqwestFetcher(FetchOptions()),
        layout=layout,
        options=UpstreamOptions(),
        second=SecondLevel(DirectoryBlobs(tmp_path / "blobs"), layout),
    )
    try:
        yield View(upstream, [Index(name="main", url=server.url)], options=ViewOptions(now=NOW))
    finally:
        await upstream.close()


async def learn_all(view: View) -> tuple[object, bytes | Path]:
    listing = await view.listing(A)
    assert isinstance(listing, Listing)
    metadata = await view.metadata(listing, 0)
    return metadata, await view.download(A, "main", listing.artifacts(0)[0])


async def test_another_machine_asks_for_pages_alone(index: IndexFactory, tmp_path: Path) -> None:
    built = make_wheel("a", "1.0", requires=["b"])
    server = index(holding(built))
    async with machine(tmp_path, "one", server) as view:
        first = await learn_all(view)
    server.forget()
    async with machine(tmp_path, "two", server) as view:
        assert await learn_all(view) == first
    assert isinstance(first[0], Metadata)
    assert first[1] == built.data
    assert server.paths() == ["/simple/a/"]


async def test_what_was_damaged_on_the_way_is_fetched(index: IndexFactory, tmp_path: Path) -> None:
    built = make_wheel("a", "1.0", requires=["b"])
    server = index(holding(built))
    async with machine(tmp_path, "one", server) as view:
        first = await learn_all(view)
    for path in (tmp_path / "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    server.forget()
    async with machine(tmp_path, "two", server) as view:
        assert await learn_all(view) == first
    assert [path.rpartition(".")[2] for path in server.paths()] == ["/simple/a/", "metadata", "whl"]


@pytest.mark.parametrize("static", [True, False])
async def test_a_source_archive_is_fetched_by_one_machine(index: IndexFactory, tmp_path: Path, static: bool) -> None:
    packages = registry()
    packages.publish(make_sdist("a", "1.0", static=static))
    server = index(packages)
    async with machine(tmp_path, "one", server) as view:
        first = await learn_all(view)
    assert isinstance(first[0], Metadata if static else NeedsBuild)
    server.forget()
    async with machine(tmp_path, "two", server) as view:
        assert await learn_all(view) == first
    assert server.paths() == ["/simple/a/"]
