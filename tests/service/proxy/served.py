"""A proxy as clients see it: granian in a thread, real sockets, real upstream servers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

from interlock.core.sources.source import Index
from interlock.service.proxy.endpoints import Endpoints, Permits
from interlock.service.proxy.files import FileMeans
from interlock.service.proxy.options import Origin, ProxiedIndex, ProxyOptions
from interlock.service.proxy.proxy import Proxy, open_proxy
from interlock.store.blobs import DirectoryBlobs, SecondLevel
from interlock.store.layout import Layout
from tests.index_server import IndexServer

__all__ = ["JSON", "Clock", "Served", "one_index", "origin", "serve_proxy"]

JSON = "application/vnd.pypi.simple.v1+json"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Served:
    """A running proxy; ``root`` is its address, without a slash at the end."""

    def __init__(self, root: str, proxy: Proxy, clock: Clock) -> None:
        self.root = root
        self.proxy = proxy
        self.clock = clock

    def __repr__(self) -> str:
        return f"<Served {self.root}>"

    def simple(self, index: str = "main") -> str:
        return f"{self.root}/simple/{index}/"

    def get(self, path: str, **headers: str) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(self.root + path, headers={"accept": JSON, **told}, timeout=20)

    def page(self, name: str, index: str = "main", **headers: str) -> httpx.Response:
        return self.get(f"/simple/{index}/{name}/", **headers)

    def file(self, name: str, at: int = 0, index: str = "main") -> str:
        """The path of a file on a page."""
        page = self.page(name, index)
        return str(page.url.join(page.json()["files"][at]["url"])).removeprefix(self.root)


def origin(server: IndexServer, *names: str, name: str = "", others: bool = True) -> Origin:
    found = Index(name=name or f"at-{server.root.rpartition(':')[2]}", url=server.url)
    return Origin(index=found, names=names, others=others)


def one_index(*servers: IndexServer, name: str = "main") -> ProxiedIndex:
    return ProxiedIndex(name=name, origins=tuple(origin(server) for server in servers))


@contextlib.contextmanager
def serve_proxy(
    options: ProxyOptions, store: Path, permits: Permits = lambda request, index: True, blobs: Path | None = None
) -> Iterator[Served]:
    """Serve until the block ends. ``blobs`` is a directory shared with other proxies."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    running = _Running(options, store, permits, port, blobs)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        yield running.wait()
    finally:
        running.stop()
        thread.join(20)
    assert not thread.is_alive()
    assert running.error is None, running.error


class _Running:
    def __init__(self, options: ProxyOptions, store: Path, permits: Permits, port: int, blobs: Path | None) -> None:
        layout = Layout(store)
        self._second = None if blobs is None else SecondLevel(DirectoryBlobs(blobs), layout)
        self._options = options
        self._layout = layout
        self._permits = permits
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._served: Served | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self.error = error

    def wait(self) -> Served:
        end = time.monotonic() + 20
        while self._served is None:
            assert self.error is None, self.error
            assert time.monotonic() < end, "the proxy does not answer"
            time.sleep(0.01)
        return self._served

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        clock = Clock()
        means = FileMeans(clock, lambda size: None)
        async with open_proxy(self._options, self._layout, means, self._second) as proxy:
            app = Starlette(routes=Endpoints(proxy, self._permits).routes())
            server = Server(app, address="127.0.0.1", port=self._port, interface=Interfaces.ASGINL, log_enabled=False)
            task = asyncio.create_task(server.serve())
            try:
                while True:
                    assert not task.done(), task.exception()
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                        writer.close()
                        break
                    await asyncio.sleep(0.01)
                self._served = Served(f"http://127.0.0.1:{self._port}", proxy, clock)
                await self._stop.wait()
            finally:
                stop: Any = server.stop
                stop()
                await task
