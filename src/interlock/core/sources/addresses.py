"""The one reader of URLs (RFC 3986): what it cannot read, nobody here connects to.

Two readers that disagree about the host of a URL are how credentials reach the wrong one, so everything that is not
plainly an address is refused: control characters, backslashes, hosts that change when they are normalised.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

__all__ = ["BadAddress", "address_problem", "parts_of", "read_address"]

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*+)")
_LITERAL = re.compile(r"\[[0-9A-Fa-f:.]{2,45}(?:%25[A-Za-z0-9._~-]{1,32})?\]")
_WITH_HOST = frozenset({"http", "https", "ssh", "git", "git+http", "git+https", "git+ssh", "git+git"})
_LONGEST = 8192
_KNOWN: dict[tuple[str, str], str] = {}


class BadAddress(ValueError):
    """A URL that cannot be read; says why."""


def read_address(url: str) -> SplitResult:
    """Take a URL apart. Raises :class:`BadAddress`."""
    if len(url) > _LONGEST:
        raise BadAddress("it is too long")
    if any(letter < "!" or letter == "\x7f" for letter in url):
        raise BadAddress("it holds blanks or control characters")
    try:
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
    except ValueError as error:
        raise BadAddress(_reason(error)) from error
    problem = _KNOWN.get(key)
    if problem is None:
        problem = _KNOWN[key] = _host_problem(parts)
    if problem:
        raise BadAddress(problem)
    return parts


def address_problem(url: str) -> str:
    """Why a URL cannot be read; empty when it can."""
    try:
        read_address(url)
    except BadAddress as error:
        return str(error)
    return ""


def parts_of(url: str) -> SplitResult:
    """The parts of a URL that was judged before, or is only compared or shown. Raises :class:`BadAddress`."""
    try:
        return urlsplit(url)
    except ValueError as error:
        raise BadAddress(_reason(error)) from error


def _host_problem(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError as error:
        return _reason(error)
    if parts.scheme not in _WITH_HOST:
        return ""
    host = parts.netloc.rpartition("@")[2]
    name = host if port is None else host.rpartition(":")[0]
    name = name.removesuffix(":")
    if not name:
        return "it names no host"
    if name.startswith("["):
        return "" if _LITERAL.fullmatch(name) else "its host is not an address"
    if not name.isascii():
        if unicodedata.normalize("NFKC", name) != name or not name.replace(".", "").replace("-", "").isalnum():
            return "its host cannot be read"
        return ""
    return "" if _HOST.fullmatch(name) else "its host cannot be read"


def _reason(error: ValueError) -> str:
    return f"{str(error)[:100].rstrip('.')}"
