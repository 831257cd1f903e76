"""URLs of indexes: joining, comparing and showing them (RFC 3986); what is shown never holds a secret."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlunsplit

from interlock.core.sources.addresses import parts_of
from interlock.core.sources.index_order import take_login

__all__ = ["filename_of", "is_remote", "is_same_host", "join", "origin", "redact", "without_login"]

_PORTS = {"http": 80, "https": 443}


def without_login(url: str) -> str:
    """The URL without user name and password."""
    return take_login(url)[0] if "@" in url else url


def redact(url: str) -> str:
    """The URL as it may be shown: no credentials, and no query, since signatures and tokens travel there.

    >>> redact("https://ann:secret@index.test/a.whl?token=1")
    'https://index.test/a.whl'
    """
    return without_login(url).partition("?")[0].partition("#")[0]


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
