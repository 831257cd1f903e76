"""Proxies in front of test indexes; all of them end with their test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interlock.service.proxy.endpoints import Permits
from interlock.service.proxy.options import ProxyOptions
from tests.index_server import IndexServer
from tests.service.proxy.served import Served, one_index, serve_proxy

Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start proxies: ``serve(server, ...)`` of one index, ``main``, or ``serve(options=...)``."""
    with contextlib.ExitStack() as stack:

        def start(
            *servers: IndexServer,
            options: ProxyOptions | None = None,
            permits: Permits = lambda request, index: True,
            store: Path | None = None,
            blobs: Path | None = None,
        ) -> Served:
            found = options or ProxyOptions(indexes=(one_index(*servers),))
            return stack.enter_context(serve_proxy(found, store or tmp_path / "store", permits, blobs))

        yield start
