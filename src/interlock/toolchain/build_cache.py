"""A cache over HTTP as a place for blobs: GET and PUT in Bazel's HTTP cache protocol, which is all that a service of
ours, another server of the protocol, or a folder of nginx with WebDAV has to understand.

Files are at ``/cas/{sha256}``, everything else at ``/ac/{sha256 of bucket and key}``, as an ActionResult in JSON with
the bytes as its standard output: servers that look into actions take it too. Nothing is believed that has not its
digest (:class:`~interlock.store.blobs.SecondLevel`), and after the first trouble the cache is left alone for the run.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

import anyio
import anyio.to_thread
import msgspec
from msgspec.structs import replace

from interlock.core.settings.build_cache import BuildCacheSettings
from interlock.core.settings.service import service_place
from interlock.index.fetcher import FetchFailed, FetchOptions, Response
from interlock.index.transport import open_storer
from interlock.means import Means
from interlock.store.layout import Bucket
from interlock.store.space import named
from interlock.toolchain.client import fetch_options
from interlock.toolchain.patience import Patience

__all__ = ["BuildCache"]

_PATIENCE = 60.0
"""Seconds for one connection: who waits in all for less notices before."""
_PIECE = 64 << 10
_AT_ONCE = 8
"""Requests: with more, a server that many ask at the same time would answer each of them late."""
_MOST_ACTION = 16 << 20
_OF_A_FILE = 0.25
"""What is worth as much as this part of a file: what leads to one."""
_THERE = frozenset({200, 203})
_NOT_THERE = frozenset({404, 410})
_TAKEN = frozenset({200, 201, 202, 204})
_TAKEN_BEFORE = frozenset({409, 412})
_NOT_FROM_HERE = frozenset({401, 403, 405})
_TOO_LARGE = 413
_BUSY = 429
_AGAIN = 0.25
"""Seconds."""


class _Action(msgspec.Struct, rename="camel"):
    stdout_raw: str


class BuildCache:
    """:class:`~interlock.store.blobs.Blobs`; who makes one closes it."""

    def __init__(self, means: Means) -> None:
        self._settings = means.settings.build_cache
        self.base, socket = service_place(self._settings.url)
        self.options = _options(means, socket)
        self.login = _login(self._settings)
        self._gone = means.gone
        self._largest = means.layout.limits.file_size
        self.patience = Patience()
        self.asked = anyio.Event()
        """Set when something is asked for the first time."""
        self._limit = anyio.CapacityLimiter(_AT_ONCE)
        self._storer = open_storer(self.options)

    def __repr__(self) -> str:
        return f"<BuildCache at {self._settings.url}>"

    async def close(self) -> None:
        await self._storer.close()

    @property
    def is_gone(self) -> bool:
        """Whether it is left alone until the end of the run."""
        return self._settings.url in self._gone

    def leave_alone(self) -> None:
        """Ask nothing more, in the whole run."""
        self._gone.add(self._settings.url)

    async def get(self, bucket: str, key: str) -> bytes | None:
        sink = _Sink(self.patience, None, _MOST_ACTION)
        if not await self._receive(_address(bucket, key), sink):
            return None
        self.patience.was_worth_it(_OF_A_FILE)
        try:
            return base64.b64decode(msgspec.json.decode(bytes(sink.data), type=_Action).stdout_raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return bytes(sink.data)

    async def fetch(self, bucket: str, key: str, destination: Path) -> bool:
        with named(destination), destination.open("wb") as file:
            there = await self._receive(_address(bucket, key), _Sink(self.patience, file, self._largest))
        if there:
            self.patience.was_worth_it()
        return there

    async def put(self, bucket: str, key: str, content: bytes | Path) -> bool:
        if self._settings.mode != "readwrite" or self._writing in self._gone:
            return False
        address = _address(bucket, key)
        if isinstance(content, Path):
            with content.open("rb") as file:
                return await self._send(address, file, os.fstat(file.fileno()).st_size)
        if bucket != Bucket.FILES:
            content = msgspec.json.encode(_Action(base64.b64encode(content).decode()))
        return await self._send(address, content, len(content))

    async def drop(self, bucket: str, key: str) -> None:
        """Who sent something else than it was asked for is not asked again; it is not ours to delete."""
        self._give_up("it sent something else than what it was asked for")

    @property
    def _writing(self) -> str:
        return f"{self._settings.url} writing"

    async def _receive(self, address: str, sink: _Sink) -> bool:
        headers = {"accept": "application/json, */*;q=0.5", **self.login}
        url = f"{self.base}/{address}"
        response = await self._ask(partial(self._storer.stream, url, headers, sink))
        if response is None or response.status in _NOT_THERE:
            return False
        if response.status not in _THERE:
            self._give_up(f"it answered {response.status}")
            return False
        return True

    async def _send(self, address: str, content: bytes | BinaryIO, size: int) -> bool:
        kind = "application/octet-stream" if address.startswith("cas/") else "application/json"
        headers = {"content-type": kind, **self.login}
        if not address.startswith("cas/"):
            headers["if-none-match"] = "*"
        url = f"{self.base}/{address}"
        response = await self._ask(lambda: self._storer.put(url, headers, _pieces(content, self.patience), size))
        if response is None:
            return False
        if response.status in _NOT_FROM_HERE:
            return self._stop_writing(response.status)
        if response.status not in _TAKEN | _TAKEN_BEFORE | {_TOO_LARGE}:
            self._give_up(f"it answered {response.status}")
        return response.status in _TAKEN

    async def _ask(self, ask: Callable[[], Awaitable[Response]]) -> Response | None:
        """None where nobody is asked any more. Raises OSError, once, when that begins."""
        async with self._limit:
            if self.is_gone:
                return None
            self.asked.set()
            try:
                return await self.answer(ask)
            except FetchFailed as error:
                self._give_up(error.reason)
                return None

    async def answer(self, ask: Callable[[], Awaitable[Response]]) -> Response:
        """An answer, as long as patience lasts; who is told to come again comes again. Raises :class:`FetchFailed`."""

        async def ask_again() -> Response:
            while True:
                response = await ask()
                if response.status != _BUSY:
                    return response
                await anyio.sleep(_AGAIN)

        return await self.patience.keep(ask_again)

    def _stop_writing(self, status: int) -> bool:
        if self._writing not in self._gone:
            self._gone.add(self._writing)
            raise OSError(f"{self._settings.url} takes nothing from here: it answered {status}")
        return False

    def _give_up(self, why: str) -> None:
        """Raises OSError, where nobody has been told yet."""
        if not self.is_gone:
            self.leave_alone()
            raise OSError(f"{self._settings.url}: {why}")


class _Sink:
    """What comes, into a file or kept; every piece of it is a sign of life."""

    def __init__(self, patience: Patience, file: BinaryIO | None, most: int) -> None:
        self.data = bytearray()
        self._patience = patience
        self._file = file
        self._left = most

    async def feed(self, chunk: bytes) -> None:
        self._patience.came(len(chunk))
        self._left -= len(chunk)
        if self._left < 0:
            raise FetchFailed("large", "what it sends is too large")
        if self._file is None:
            self.data += chunk
        else:
            await anyio.to_thread.run_sync(self._file.write, chunk)


async def _pieces(content: bytes | BinaryIO, patience: Patience) -> AsyncIterator[bytes]:
    """A body as it is taken."""
    start = 0
    if not isinstance(content, bytes):
        content.seek(0)
    while True:
        if isinstance(content, bytes):
            piece = content[start : start + _PIECE]
        else:
            piece = await anyio.to_thread.run_sync(content.read, _PIECE)
        if not piece:
            return
        start += len(piece)
        yield piece
        patience.came(len(piece))


def _address(bucket: str, key: str) -> str:
    if bucket == Bucket.FILES:
        return f"cas/{key}"
    return f"ac/{hashlib.sha256(f'interlock {bucket} {key}'.encode()).hexdigest()}"


def _options(means: Means, socket: str) -> FetchOptions:
    # How slow it may be is for patience to say.
    patient = replace(fetch_options(means), connect_timeout=_PATIENCE, read_timeout=_PATIENCE, slowest=0, socket=socket)
    return replace(patient, http_proxy="", https_proxy="") if socket else patient


def _login(settings: BuildCacheSettings) -> Mapping[str, str]:
    if settings.token:
        return {"authorization": f"Bearer {settings.token}"}
    if settings.login is not None:
        said = base64.b64encode(":".join(settings.login).encode()).decode()
        return {"authorization": f"Basic {said}"}
    return {}
