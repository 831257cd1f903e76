"""Fifty clients at once that know nothing: each address of the index is fetched once, and nobody gets an error."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conftest import IndexFactory
from tests.registry import registry
from tests.service.proxy.served import JSON, Served

Serve = Callable[..., Served]
CLIENTS = 50


@pytest.mark.parametrize("cache_control", ["max-age=600", "max-age=0", "no-cache", None])
def test_a_herd_is_one_client_to_the_index(index: IndexFactory, serve: Serve, cache_control: str | None) -> None:
    names = [f"p{number}" for number in range(6)]
    server = index(registry({name: {"1.0": [], "2.0": []} for name in names}), delay=0.1, cache_control=cache_control)
    served = serve(server)
    ready = threading.Barrier(CLIENTS)

    def install(number: int) -> Counter[int]:
        """What a client asks for: pages, metadata, files, in an order of its own."""
        statuses: Counter[int] = Counter()
        with httpx.Client(base_url=served.root, headers={"accept": JSON}, timeout=30) as client:
            ready.wait()
            for name in names[number % 6 :] + names[: number % 6]:
                page = client.get(f"/simple/main/{name}/")
                statuses[page.status_code] += 1
                for file in page.json()["files"]:
                    path = file["url"].removeprefix("../../..")
                    statuses[client.get(f"{path}.metadata").status_code] += 1
                    statuses[client.get(path).status_code] += 1
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = sum(pool.map(install, range(CLIENTS)), Counter())
    assert statuses == {200: CLIENTS * 6 * 5}
    assert max(Counter(server.paths()).values()) == 1, Counter(server.paths()).most_common(3)
    assert len(server.requests) == 6 * 5
