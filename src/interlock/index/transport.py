"""The choice of the HTTP client: pyreqwest where it is installed, httpx elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from interlock.index.fetcher import ANY, Fetcher, FetchOptions, Poster, Response, Sink, Storer

__all__ = ["open_fetcher", "open_poster", "open_storer"]


def open_fetcher(options: FetchOptions) -> Fetcher:
    """Make the fastest fetcher there is; nothing is loaded or connects before the first request."""
    return _Late(options)


def open_poster(options: FetchOptions) -> Poster:
    """The same for who has something to send."""
    poster: Poster = _client(options)
    return poster


def open_storer(options: FetchOptions) -> Storer:
    """The same for who has files to give away."""
    storer: Storer = _client(options)
    return storer


class _Late:
    """A fetcher from the first request on: who finds everything in the store needs none."""

    def __init__(self, options: FetchOptions) -> None:
        self._options = options
        self._made: Fetcher | None = None

    def __repr__(self) -> str:
        return f"<Late {self._made!r}>"

    async def get(self, url: str, headers: Mapping[str, str], /, *, most: int = ANY) -> Response:
        return await self._fetcher().get(url, headers, most=most)

    async def stream(self, url: str, headers: Mapping[str, str], sink: Sink, /) -> Response:
        return await self._fetcher().stream(url, headers, sink)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    def _fetcher(self) -> Fetcher:
        if self._made is None:
            self._made = _client(self._options)
        return self._made


def _client(options: FetchOptions) -> Any:
    # Imported by name: httpx alone costs 90 ms, and only one of the two is ever needed.
    fast = find_spec("pyreqwest") and not options.socket
    name, kind = ("fetch_pyreqwest", "PyreqwestFetcher") if fast else ("fetch_httpx", "HttpxFetcher")
    return getattr(import_module(f"interlock.index.{name}"), kind)(options)
