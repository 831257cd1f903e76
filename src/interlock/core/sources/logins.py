"""Credentials in URLs (RFC 3986, section 3.2.1): taken out before a URL is stored, compared or shown."""

from __future__ import annotations

from urllib.parse import unquote

__all__ = ["redact", "take_login", "without_login"]


def take_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """The URL without credentials, and the credentials.

    >>> take_login("https://ann:s%40w@index.test/simple/")
    ('https://index.test/simple/', ('ann', 's@w'))
    >>> take_login("https://index.test/@scope/")
    ('https://index.test/@scope/', None)
    """
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    if not separator or not at:
        return url, None
    user, _, password = login.partition(":")
    return f"{scheme}://{host}{slash}{path}", (unquote(user), unquote(password))


def without_login(url: str) -> str:
    """The URL without user name and password."""
    return take_login(url)[0] if "@" in url else url


def redact(url: str) -> str:
    """The URL as it may be shown: no credentials, and no query, since signatures and tokens travel there.

    >>> redact("https://ann:secret@index.test/a.whl?token=1")
    'https://index.test/a.whl'
    """
    return without_login(url).partition("?")[0].partition("#")[0]
