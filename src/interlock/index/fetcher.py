"""The seam between the index client and HTTP: one request at a time, no redirects, no retries, no policy."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from time import monotonic
from typing import Literal, Protocol

import msgspec

__all__ = ["ANY", "SHORT", "FetchFailed", "FetchOptions", "Fetcher", "Pace", "Poster", "Response", "Sink", "Storer"]

ANY = 1 << 62
SHORT = 1 << 20
"""Bytes of an answer that says what came of a request."""


class FetchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How connections are made."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    """Seconds without a byte; a large file may take as long as it likes."""
    slowest: int = 0
    """Bytes per second that have to come once the read timeout has passed; 0: any number."""
    ca_bundle: str = ""
    """PEM file, or a directory of them, trusted in addition to the platform's; empty: none."""
    client_cert: str = ""
    """PEM file with a client certificate and its key."""
    insecure_hosts: tuple[str, ...] = ()
    """``host`` or ``host:port`` whose certificate is not verified."""
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    socket: str = ""
    """Path of a Unix socket that all requests go to, whatever hosts they name; empty: none."""
    user_agent: str = "interlock"
    addresses: tuple[tuple[str, str], ...] = ()
    """Hosts with the IP address that each is at, whatever DNS says; ports stay the URL's."""
    connections: int = 50
    """Idle connections kept per host."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    url: str
    """Where it came from (the last of any redirects)."""


class Sink(Protocol):
    """Where a streamed body goes."""

    async def feed(self, chunk: bytes, /) -> None: ...


class FetchFailed(Exception):
    """A request without a complete answer."""

    def __init__(
        self, kind: Literal["connect", "timeout", "broken", "tls", "request", "slow", "large"], reason: str
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason

    @property
    def may_pass(self) -> bool:
        """Whether trying again makes sense."""
        return self.kind in {"connect", "timeout", "broken"}


class Pace:
    """Counts a body while it comes, and gives up on one that is too long or comes too slowly."""

    def __init__(self, options: FetchOptions, most: int = ANY) -> None:
        self._options = options
        self._most = most
        self._size = 0
        self._started = monotonic()

    def __repr__(self) -> str:
        return f"<Pace {self._size} bytes>"

    def count(self, size: int) -> None:
        self._size += size
        if self._size > self._most:
            raise FetchFailed("large", f"its body has more than {self._most} bytes")
        late = monotonic() - self._started - self._options.read_timeout
        if late > 0 and self._size < self._options.slowest * (late + 1):
            raise self.too_slow()

    def patience(self, size: int) -> float:
        """Seconds in which so many bytes come, or the rest, unless they come too slowly."""
        return self._options.read_timeout + size / self._options.slowest if self._options.slowest else math.inf

    def too_slow(self) -> FetchFailed:
        return FetchFailed(
            "slow",
            f"fewer than {self._options.slowest} bytes came in a second (INTERLOCK_LIMIT_SLOWEST, or `slowest` in"
            " `[tool.interlock.limits]`)",
        )


class Fetcher(Protocol):
    async def get(self, url: str, headers: Mapping[str, str], /, *, most: int = ANY) -> Response:
        """Fetch a page of at most so many bytes; any content encoding is undone. Raises :class:`FetchFailed`."""

    async def stream(self, url: str, headers: Mapping[str, str], sink: Sink, /) -> Response:
        """Feed the body as it comes over the wire, byte for byte, to the sink when the status is 200 or 206.

        Raises :class:`FetchFailed`.
        """

    async def close(self) -> None:
        """Close all connections."""


class Poster(Protocol):
    """The same for those who are asked by a body and answer bit by bit."""

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, sink: Sink, /, *, most: int = ANY
    ) -> Response:
        """Send a body; with status 200 what comes back is fed to the sink as it comes, its encoding undone.

        With another status it is the answer's body. Either has at most so many bytes. Raises :class:`FetchFailed`.
        """

    async def close(self) -> None:
        """Close all connections."""


class Storer(Fetcher, Protocol):
    """The same for places that files are also given to."""

    async def put(self, url: str, headers: Mapping[str, str], body: AsyncIterator[bytes], size: int, /) -> Response:
        """Send a body of so many bytes; the answer has no more than a few. Raises :class:`FetchFailed`."""
