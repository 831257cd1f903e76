"""The choice of the HTTP client: pyreqwest where it is installed, httpx elsewhere."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from interlock.index.fetcher import Fetcher, FetchOptions, Poster, Storer

__all__ = ["open_fetcher", "open_poster", "open_storer"]


def open_fetcher(options: FetchOptions) -> Fetcher:
    """Make the fastest fetcher there is; nothing connects before the first request."""
    fetcher: Fetcher = _client(options)
    return fetcher


def open_poster(options: FetchOptions) -> Poster:
    """The same for who has something to send."""
    poster: Poster = _client(options)
    return poster


def open_storer(options: FetchOptions) -> Storer:
    """The same for who has files to give away."""
    storer: Storer = _client(options)
    return storer


def _client(options: FetchOptions) -> Any:
    # Imported by name: httpx alone costs 90 ms, and only one of the two is ever needed.
    fast = find_spec("pyreqwest") and not options.socket
    name, kind = ("fetch_pyreqwest", "PyreqwestFetcher") if fast else ("fetch_httpx", "HttpxFetcher")
    return getattr(import_module(f"interlock.index.{name}"), kind)(options)
