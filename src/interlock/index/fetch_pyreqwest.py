"""HTTP over pyreqwest, which is several times faster than any client written in Python."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import anyio.lowlevel
from pyreqwest import exceptions
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.response import Response as StreamedResponse

from interlock.core.sources.addresses import parts_of
from interlock.index.certificates import read_certificates
from interlock.index.fetcher import ANY, SHORT, FetchFailed, FetchOptions, Pace, Response, Sink

__all__ = ["PyreqwestFetcher"]


_AT_ONCE = 0
"""Bytes that are waited for before an answer is handed over; with more, nobody notices one that drips."""
_PIECE = 64 << 10
"""Bytes that are taken at once from a body. Networks hand on a kilobyte or two, and each time costs as much."""


class PyreqwestFetcher:
    """Clients are made when first used: one for pages and one for files, each with and without verification."""

    def __init__(self, options: FetchOptions) -> None:
        self._options = options
        self._clients: dict[tuple[bool, bool], Client] = {}

    def __repr__(self) -> str:
        return f"<PyreqwestFetcher [{len(self._clients)} clients]>"

    async def get(self, url: str, headers: Mapping[str, str], *, most: int = ANY) -> Response:
        async with _translated():
            request = self._client(url, decode=True).get(url)
            async with request.headers(headers).streamed_read_buffer_limit(_AT_ONCE).build_streamed() as response:
                pieces = [piece async for piece in _pieces(response, Pace(self._options, most))]
                status, received = response.status, _headers(response.headers)
        return Response(status=status, headers=received, body=b"".join(pieces), url=url)

    async def stream(self, url: str, headers: Mapping[str, str], sink: Sink) -> Response:
        sent = {"accept-encoding": "identity", **headers}
        async with _translated():
            request = self._client(url, decode=False).get(url)
            async with request.headers(sent).streamed_read_buffer_limit(_AT_ONCE).build_streamed() as response:
                if response.status in {200, 206}:
                    async for piece in _pieces(response, Pace(self._options)):
                        await sink.feed(piece)
                status, received = response.status, _headers(response.headers)
        return Response(status=status, headers=received, url=url)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, sink: Sink, *, most: int = ANY) -> Response:
        pieces = []
        async with _translated():
            request = self._client(url, decode=True).post(url).headers(headers).body_bytes(body)
            async with request.streamed_read_buffer_limit(_AT_ONCE).build_streamed() as response:
                status, received = response.status, _headers(response.headers)
                async for chunk in _chunks(response, Pace(self._options, most)):
                    if status == 200:
                        await sink.feed(chunk)
                    else:
                        pieces.append(chunk)
        return Response(status=status, headers=received, body=b"".join(pieces), url=url)

    async def put(self, url: str, headers: Mapping[str, str], body: AsyncIterator[bytes], size: int) -> Response:
        sent = {**headers, "content-length": str(size)}
        async with _translated():
            request = self._client(url, decode=True).put(url).headers(sent).body_stream(body)
            async with request.streamed_read_buffer_limit(_AT_ONCE).build_streamed() as response:
                pieces = [piece async for piece in _pieces(response, Pace(self._options, SHORT))]
                status, received = response.status, _headers(response.headers)
        return Response(status=status, headers=received, body=b"".join(pieces), url=url)

    async def close(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    def _client(self, url: str, *, decode: bool) -> Client:
        insecure = False
        if self._options.insecure_hosts:
            parts = parts_of(url)
            insecure = bool({parts.netloc.rpartition("@")[2], parts.hostname} & set(self._options.insecure_hosts))
        key = (decode, insecure)
        client = self._clients.get(key)
        if client is None:
            try:
                client = self._clients[key] = self._build(decode=decode, insecure=insecure)
            except (OSError, exceptions.BuilderError) as error:
                raise FetchFailed("request", f"the connection cannot be set up as asked ({error})") from error
        return client

    def _build(self, *, decode: bool, insecure: bool) -> Client:
        options = self._options
        builder = (
            ClientBuilder()
            .follow_redirects(False)
            .referer(False)
            .user_agent(options.user_agent)
            .connect_timeout(timedelta(seconds=options.connect_timeout))
            .read_timeout(timedelta(seconds=options.read_timeout))
            .pool_max_idle_per_host(options.connections)
            .gzip(decode)
            .brotli(decode)
            .zstd(decode)
            .deflate(decode)
            .no_proxy()
        )
        if insecure:
            builder = builder.danger_accept_invalid_certs(True)
        for host, address in options.addresses:
            builder = builder.resolve(host, address, 0)
        for pem in read_certificates(options.ca_bundle):
            builder = builder.add_root_certificate_pem(pem)
        if options.client_cert:
            with open(options.client_cert, "rb") as file:
                builder = builder.identity_pem(file.read())
        for proxy, make in ((options.http_proxy, ProxyBuilder.http), (options.https_proxy, ProxyBuilder.https)):
            if proxy:
                builder = builder.proxy(make(proxy).no_proxy(options.no_proxy or None))
        return builder.build()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Whatever goes wrong with a request as :class:`FetchFailed`."""
    try:
        yield
    except exceptions.PyreqwestError as error:
        raise _failed(error) from error
    except ValueError as error:
        raise FetchFailed("request", f"it cannot be asked for ({error})") from error
    except anyio.get_cancelled_exc_class():
        await _reveal_cancellation()
        raise


async def _pieces(response: StreamedResponse, pace: Pace) -> AsyncIterator[bytes]:
    """A body of which only the whole matters, in large pieces."""
    reader, patience = response.body_reader, pace.patience(_PIECE)
    while True:
        with anyio.move_on_after(patience) as waiting:
            try:
                piece = await reader.read(_PIECE)
            except anyio.get_cancelled_exc_class():
                await _reveal_cancellation()
                raise
        if waiting.cancelled_caught:
            raise pace.too_slow()
        if piece is None:
            return
        pace.count(len(piece))
        yield bytes(piece)


async def _chunks(response: StreamedResponse, pace: Pace) -> AsyncIterator[bytes]:
    """A body of which each part is of use when it comes."""
    while (chunk := await response.body_reader.read_chunk()) is not None:
        pace.count(len(chunk))
        yield bytes(chunk)


async def _reveal_cancellation() -> None:
    """Raise the cancellation of the cancel scope, if it was one.

    pyreqwest raises a CancelledError of its own making, which anyio would not recognise as its scope's.
    """
    await anyio.lowlevel.checkpoint()


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    try:
        return {name.lower(): value for name, value in headers.items()}
    except ValueError:
        return {name.lower(): value for name in headers if (value := _text(headers, name)) is not None}


def _text(headers: Mapping[str, str], name: str) -> str | None:
    """A header's value; None for bytes that are no text, which say nothing to us."""
    try:
        return headers[name]
    except ValueError:
        return None


def _failed(error: exceptions.PyreqwestError) -> FetchFailed:
    causes: list[str] = []
    if isinstance(error, exceptions.DetailedPyreqwestError):
        causes = [cause["message"] for cause in error.details.get("causes") or () if cause.get("message")]
    reason = causes[-1] if causes else error.message
    everything = " ".join([error.message, *causes]).lower()
    if isinstance(error, exceptions.RequestTimeoutError):
        return FetchFailed("timeout", "no answer in time")
    if "certificate" in everything or "tls" in everything or "handshake" in everything:
        return FetchFailed("tls", f"the connection is not trusted ({reason})")
    if isinstance(error, exceptions.ConnectError):
        return FetchFailed("connect", f"no connection ({reason})")
    if isinstance(error, exceptions.BuilderError):
        return FetchFailed("request", reason)
    return FetchFailed("broken", f"the answer broke off ({reason})")
