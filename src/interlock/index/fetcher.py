"""The seam between the index client and HTTP: one request at a time, no redirects, no retries, no policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

__all__ = ["FetchFailed", "FetchOptions", "Fetcher", "Response", "Sink"]


class FetchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How connections are made."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    """Seconds without a byte; a large file may take as long as it likes."""
    ca_bundle: str = ""
    """PEM file, or a directory of them, trusted in addition to the platform's; empty: none."""
    client_cert: str = ""
    """PEM file with a client certificate and its key."""
    insecure_hosts: tuple[str, ...] = ()
    """``host`` or ``host:port`` whose certificate is not verified."""
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    user_agent: str = "interlock"
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

    def __init__(self, kind: Literal["connect", "timeout", "broken", "tls", "request"], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason

    @property
    def may_pass(self) -> bool:
        """Whether trying again makes sense."""
        return self.kind in {"connect", "timeout", "broken"}


class Fetcher(Protocol):
    async def get(self, url: str, headers: Mapping[str, str], /) -> Response:
        """Fetch a page; any content encoding is undone. Raises :class:`FetchFailed`."""

    async def stream(self, url: str, headers: Mapping[str, str], sink: Sink, /) -> Response:
        """Feed the body as it comes over the wire, byte for byte, to the sink when the status is 200 or 206.

        Raises :class:`FetchFailed`.
        """

    async def close(self) -> None:
        """Close all connections."""
