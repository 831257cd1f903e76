"""One upstream, many views: what is fetched once for all of them, and what each of them has for itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import normalize_name
from interlock.core.sources.source import Index
from interlock.index.auth import CredentialSources
from interlock.index.failures import BadStatus, HostResting, Unauthorized
from interlock.index.fetch_pyreqwest import PyreqwestFetcher
from interlock.index.fetcher import FetchOptions
from interlock.index.once import Flights
from interlock.index.retry import RetryPolicy
from interlock.index.upstream import Upstream, UpstreamOptions
from interlock.index.view import View, ViewOptions
from interlock.store.layout import Layout
from tests.conftest import IndexFactory
from tests.index.conftest import NOW
from tests.index_server import IndexServer
from tests.registry import registry
from tests.wheels import make_wheel

A = normalize_name("a")


@pytest.fixture
async def upstream(layout: Layout) -> AsyncIterator[Upstream]:
    made = Upstream(
        fetcher=PyreqwestFetcher(FetchOptions(read_timeout=5)),
        layout=layout,
        options=UpstreamOptions(retry=RetryPolicy(retries=0)),
        credentials=CredentialSources(named={"ours": ("ann", "secret")}),
    )
    yield made
    await made.close()


def look(upstream: Upstream, server: IndexServer | Index, name: str = "main", *, now: float = NOW) -> View:
    index = server if isinstance(server, Index) else Index(name=name, url=server.url)
    return View(upstream, [index], options=ViewOptions(now=now))


async def listed(view: View) -> Listing:
    found = await view.listing(A)
    assert isinstance(found, Listing)
    return found


async def test_views_that_want_a_page_at_the_same_time_share_one_request(
    index: IndexFactory, upstream: Upstream
) -> None:
    server = index(registry(a={"1.0": []}), delay=0.2)
    views = [look(upstream, server, f"name-{number}") for number in range(20)]
    found: list[Listing] = []

    async def ask(view: View) -> None:
        found.append(await listed(view))

    async with anyio.create_task_group() as tasks:
        for view in views:
            tasks.start_soon(ask, view)
    assert server.paths() == ["/simple/a/"]
    assert {listing.index for listing in found} == {f"name-{number}" for number in range(20)}


async def test_views_that_want_the_same_metadata_share_one_request(index: IndexFactory, upstream: Upstream) -> None:
    server = index(registry(a={"1.0": ["b>=2"]}), delay=0.1)
    learned: list[object] = []

    async def ask(view: View) -> None:
        learned.append(await view.metadata(await listed(view), 0))

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(ask, look(upstream, server, f"name-{number}"))
    assert [path.endswith(".metadata") for path in server.paths()] == [False, True]
    assert all(isinstance(metadata, Metadata) for metadata in learned)


async def test_a_view_keeps_what_it_saw_and_the_next_one_sees_what_is_new(
    index: IndexFactory, upstream: Upstream
) -> None:
    packages = registry(a={"1.0": []})
    server = index(packages)
    view = look(upstream, server)
    assert (await listed(view)).versions == ("1.0",)
    packages.publish(make_wheel("a", "2.0"))
    assert (await listed(view)).versions == ("1.0",)
    assert (await listed(look(upstream, server, now=NOW + 1))).versions == ("1.0", "2.0")


async def test_a_page_expires_by_the_time_of_each_view(index: IndexFactory, upstream: Upstream) -> None:
    server = index(registry(a={"1.0": []}), cache_control="max-age=600")
    for later in (0, 1, 599):
        await listed(look(upstream, server, now=NOW + later))
    assert len(server.requests) == 1
    await listed(look(upstream, server, now=NOW + 600))
    assert [request.status for request in server.requests] == [200, 304]


async def test_a_failure_is_told_to_all_who_wait_and_not_remembered(index: IndexFactory, upstream: Upstream) -> None:
    server = index(registry(a={"1.0": []}), delay=0.1)
    server.fail("/a/", 503, times=1)
    failures: list[BadStatus] = []

    async def ask(view: View) -> None:
        try:
            await view.listing(A)
        except BadStatus as failure:
            failures.append(failure)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask, look(upstream, server))
    assert len(failures) == 5
    assert len(server.requests) == 1
    assert (await listed(look(upstream, server))).versions == ("1.0",)


async def test_credentials_for_a_name_stay_with_the_address_they_were_found_for(
    index: IndexFactory, upstream: Upstream
) -> None:
    """Two views may call different indexes the same, and one of them may say so with a login of its own."""
    server = index(registry(a={"1.0": []}), credentials=("bob", "other"))
    with pytest.raises(Unauthorized):
        await look(upstream, server, "ours").listing(A)
    inside = Index(name="ours", url=server.url_with_credentials("bob", "other"))
    assert (await listed(look(upstream, inside))).versions == ("1.0",)


async def test_who_is_cancelled_leaves_the_work_to_who_waits() -> None:
    flights: Flights[str, int] = Flights()
    made: list[int] = []
    begun = anyio.Event()

    async def make() -> int:
        made.append(len(made))
        begun.set()
        await anyio.sleep(0.05)
        return made[-1]

    async with anyio.create_task_group() as tasks:
        leader = anyio.CancelScope()

        async def lead() -> None:
            with leader:
                await flights.get("key", make)

        tasks.start_soon(lead)
        await begun.wait()
        results: list[int] = []

        async def follow() -> None:
            results.append(await flights.get("key", make))

        tasks.start_soon(follow)
        tasks.start_soon(follow)
        await anyio.sleep(0.01)
        leader.cancel()
    assert results == [1, 1]
    assert len(flights) == 0


async def test_a_host_that_failed_is_left_alone_and_then_asked_by_one(index: IndexFactory, layout: Layout) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", 503, times=2)
    tired = Upstream(
        fetcher=PyreqwestFetcher(FetchOptions()),
        layout=layout,
        options=UpstreamOptions(retry=RetryPolicy(retries=0), rest=0.3),
    )
    try:
        with pytest.raises(BadStatus):
            await look(tired, server).listing(A)
        for _ in range(5):
            with pytest.raises(HostResting, match="failed a moment ago"):
                await look(tired, server).listing(A)
        assert len(server.requests) == 1
        await anyio.sleep(0.35)
        with pytest.raises(BadStatus):
            await look(tired, server).listing(A)
        with pytest.raises(HostResting):
            await look(tired, server).listing(A)
        await anyio.sleep(0.35)
        assert (await listed(look(tired, server))).versions == ("1.0",)
        assert (await listed(look(tired, server))).versions == ("1.0",)
    finally:
        await tired.close()
    assert [request.status for request in server.requests] == [503, 503, 200, 304]


async def test_a_host_rests_as_long_as_it_asks_for(index: IndexFactory, layout: Layout) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", 429, times=1, headers={"Retry-After": "120"})
    tired = Upstream(
        fetcher=PyreqwestFetcher(FetchOptions()),
        layout=layout,
        options=UpstreamOptions(retry=RetryPolicy(retries=0), rest=0.1),
    )
    try:
        with pytest.raises(BadStatus) as first:
            await look(tired, server).listing(A)
        assert first.value.retry_after == 120
        await anyio.sleep(0.15)
        with pytest.raises(HostResting) as then:
            await look(tired, server).listing(A)
        assert 100 < then.value.retry_after < 120
    finally:
        await tired.close()


async def test_two_upstreams_of_one_store_share_its_pages(
    index: IndexFactory, upstream: Upstream, tmp_path: Path
) -> None:
    server = index(registry(a={"1.0": []}), cache_control="max-age=600")
    await listed(look(upstream, server))
    other = Upstream(
        fetcher=PyreqwestFetcher(FetchOptions()),
        layout=Layout(tmp_path / "store"),
        options=UpstreamOptions(offline=True),
    )
    try:
        assert (await listed(look(other, server))).versions == ("1.0",)
    finally:
        await other.close()
