"""URLs of indexes: joining and comparing them (RFC 3986)."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlunsplit

from interlock.core.sources.addresses import parts_of

__all__ = ["filename_of", "is_remote", "is_same_host", "join", "origin"]

_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> str:
    """Scheme, host and port, with a slash; empty for anything that is not HTTP.

    >>> origin("https://index.test/simple/a/")
    'https://index.test/'
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _PORTS:
        return ""
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    return f"{scheme.lower()}://{authority.lower()}/"


def is_remote(url: str) -> bool:
    return url[:7].lower() == "http://" or url[:8].lower() == "https://"


def is_same_host(known: str, url: str) -> bool:
    """Whether credentials for ``known`` may go to ``url``: the same host and port, and never from https to http."""
    old, new = parts_of(known), parts_of(url)
    if old.hostname != new.hostname:
        return False
    if old.scheme == new.scheme:
        return _port(old.port, old.scheme) == _port(new.port, new.scheme)
    upgraded = old.scheme == "http" and new.scheme == "https"
    return upgraded and _port(old.port, "http") == 80 and _port(new.port, "https") == 443


def _port(port: int | None, scheme: str) -> int | None:
    return port if port is not None else _PORTS.get(scheme)


def join(base: str, link: str) -> str:
    """The absolute form of a link on a page."""
    return urljoin(base, link)


def filename_of(url: str) -> str:
    """The last part of a URL's path, decoded.

    >>> filename_of("https://index.test/files/a-1.0%2Bx-py3-none-any.whl#sha256=0")
    'a-1.0+x-py3-none-any.whl'
    """
    parts = parts_of(urlunsplit(("", "", *parts_of(url)[2:])) if "://" in url else url)
    return unquote(parts.path.rpartition("/")[2])
