"""HTTP over httpx, where no pyreqwest wheel exists (PyPy, rare platforms)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager

import httpx

from interlock.core.sources.addresses import parts_of
from interlock.index.certificates import read_certificates
from interlock.index.fetcher import ANY, SHORT, FetchFailed, FetchOptions, Pace, Response, Sink

__all__ = ["HttpxFetcher"]


class HttpxFetcher:
    """One client, and a second one without verification for hosts that are allowed to go without."""

    def __init__(self, options: FetchOptions) -> None:
        self._options = options
        self._clients: dict[bool, httpx.AsyncClient] = {}

    def __repr__(self) -> str:
        return f"<HttpxFetcher [{len(self._clients)} clients]>"

    async def get(self, url: str, headers: Mapping[str, str], *, most: int = ANY) -> Response:
        with _translated():
            async with self._client(url).stream("GET", url, headers=dict(headers)) as response:
                pace, pieces = Pace(self._options, most), []
                async for chunk in response.aiter_bytes():
                    pace.count(len(chunk))
                    pieces.append(chunk)
        return Response(status=response.status_code, headers=_headers(response), body=b"".join(pieces), url=url)

    async def stream(self, url: str, headers: Mapping[str, str], sink: Sink) -> Response:
        sent = {"accept-encoding": "identity", **headers}
        with _translated():
            async with self._client(url).stream("GET", url, headers=sent) as response:
                if response.status_code in {200, 206}:
                    pace = Pace(self._options)
                    async for chunk in response.aiter_raw():
                        pace.count(len(chunk))
                        await sink.feed(chunk)
        return Response(status=response.status_code, headers=_headers(response), url=url)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, sink: Sink, *, most: int = ANY) -> Response:
        pace, pieces = Pace(self._options, most), []
        with _translated():
            async with self._client(url).stream("POST", url, headers=dict(headers), content=body) as response:
                async for chunk in response.aiter_bytes():
                    pace.count(len(chunk))
                    if response.status_code == 200:
                        await sink.feed(chunk)
                    else:
                        pieces.append(chunk)
        return Response(status=response.status_code, headers=_headers(response), body=b"".join(pieces), url=url)

    async def put(self, url: str, headers: Mapping[str, str], body: AsyncIterator[bytes], size: int) -> Response:
        pace, pieces = Pace(self._options, SHORT), []
        sent = {**headers, "content-length": str(size)}
        with _translated():
            async with self._client(url).stream("PUT", url, headers=sent, content=body) as response:
                async for chunk in response.aiter_bytes():
                    pace.count(len(chunk))
                    pieces.append(chunk)
        return Response(status=response.status_code, headers=_headers(response), body=b"".join(pieces), url=url)

    async def close(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    def _client(self, url: str) -> httpx.AsyncClient:
        insecure = False
        if self._options.insecure_hosts:
            parts = parts_of(url)
            insecure = bool({parts.netloc.rpartition("@")[2], parts.hostname} & set(self._options.insecure_hosts))
        client = self._clients.get(insecure)
        if client is None:
            try:
                client = self._clients[insecure] = self._build(insecure=insecure)
            except (OSError, ValueError) as error:
                raise FetchFailed("request", f"the connection cannot be set up as asked ({error})") from error
        return client

    def _build(self, *, insecure: bool) -> httpx.AsyncClient:
        options = self._options
        context = _context(options, insecure=insecure)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=options.connections)
        transport = httpx.AsyncHTTPTransport(uds=options.socket) if options.socket else None
        return httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(options.read_timeout, connect=options.connect_timeout, pool=None),
            limits=limits,
            headers={"user-agent": options.user_agent},
            verify=context,
            trust_env=False,
            mounts=_proxies(options, context, limits),
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever goes wrong with a request as :class:`FetchFailed`."""
    try:
        yield
    except (httpx.HTTPError, ssl.SSLError) as error:
        raise _failed(error) from error
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchFailed("request", f"it cannot be asked for ({error})") from error


def _context(options: FetchOptions, *, insecure: bool) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    trusted = read_certificates(options.ca_bundle)
    if trusted:
        context.load_verify_locations(cadata=b"".join(trusted).decode("ascii", "replace"))
    if options.client_cert:
        context.load_cert_chain(options.client_cert)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _proxies(
    options: FetchOptions, context: ssl.SSLContext, limits: httpx.Limits
) -> dict[str, httpx.AsyncBaseTransport | None]:
    mounts: dict[str, httpx.AsyncBaseTransport | None] = {}
    for scheme, proxy in (("http://", options.http_proxy), ("https://", options.https_proxy)):
        if proxy:
            mounts[scheme] = httpx.AsyncHTTPTransport(proxy=proxy, verify=context, limits=limits)
    if mounts:
        for host in options.no_proxy.split(","):
            name = host.strip().lstrip(".")
            if name == "*":
                return {}
            if name:
                mounts[f"all://{name}"] = None
                mounts[f"all://*.{name}"] = None
    return mounts


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _failed(error: httpx.HTTPError | ssl.SSLError) -> FetchFailed:
    text = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return FetchFailed("timeout", "no answer in time")
    if "certificate" in text.lower() or "ssl" in text.lower():
        return FetchFailed("tls", f"the connection is not trusted ({text})")
    if isinstance(error, httpx.ConnectError):
        return FetchFailed("connect", f"no connection ({text})")
    if isinstance(error, httpx.UnsupportedProtocol):
        return FetchFailed("request", text)
    return FetchFailed("broken", f"the answer broke off ({text})")
