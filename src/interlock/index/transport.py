"""The choice of the HTTP client: pyreqwest where it is installed, httpx elsewhere."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from interlock.index.fetcher import Fetcher, FetchOptions

__all__ = ["open_fetcher"]


def open_fetcher(options: FetchOptions) -> Fetcher:
    """Make the fastest fetcher there is; nothing connects before the first request."""
    # Imported by name: httpx alone costs 90 ms, and only one of the two is ever needed.
    name, kind = ("fetch_pyreqwest", "PyreqwestFetcher") if find_spec("pyreqwest") else ("fetch_httpx", "HttpxFetcher")
    fetcher: Fetcher = getattr(import_module(f"interlock.index.{name}"), kind)(options)
    return fetcher
