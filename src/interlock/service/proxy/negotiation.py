"""What a client takes and what it has (RFC 9110 12.5 and 13.1, PEP 691). Pure."""

from __future__ import annotations

from typing import Literal

__all__ = ["HTML", "JSON", "TEXT", "Kind", "accepts_gzip", "choose_kind", "is_known"]

Kind = Literal[
    "application/vnd.pypi.simple.v1+json",
    "application/vnd.pypi.simple.v1+html",
    "text/html",
]
JSON: Kind = "application/vnd.pypi.simple.v1+json"
HTML: Kind = "application/vnd.pypi.simple.v1+html"
TEXT: Kind = "text/html"

_MEANT: dict[str, Kind] = {
    JSON: JSON,
    HTML: HTML,
    TEXT: TEXT,
    "application/vnd.pypi.simple.latest+json": JSON,
    "application/vnd.pypi.simple.latest+html": HTML,
    "application/json": JSON,
    "application/*": JSON,
    "text/*": TEXT,
    "*/*": TEXT,
}
_LIKED: dict[Kind, int] = {JSON: 3, HTML: 2, TEXT: 1}
_MOST = 32
"""Entries of a header that are read."""


def choose_kind(accept: str) -> Kind | None:
    """The format a client likes best of those there are; without a word HTML, and None where it takes none.

    >>> choose_kind("application/vnd.pypi.simple.v1+json, text/html;q=0.01")
    'application/vnd.pypi.simple.v1+json'
    >>> choose_kind("*/*"), choose_kind("image/png")
    ('text/html', None)
    """
    if not accept.strip():
        return TEXT
    best: dict[Kind, float] = {}
    for entry in accept.split(",")[:_MOST]:
        kind, _, parameters = entry.partition(";")
        meant = _MEANT.get(kind.strip().lower())
        if meant is not None:
            best[meant] = max(best.get(meant, 0.0), _quality(parameters))
    liked = [(quality, _LIKED[kind], kind) for kind, quality in best.items() if quality > 0]
    return max(liked)[2] if liked else None


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0


def accepts_gzip(header: str) -> bool:
    """Whether a body may be compressed.

    >>> accepts_gzip("br, gzip"), accepts_gzip("gzip;q=0"), accepts_gzip("")
    (True, False, False)
    """
    for entry in header.split(",")[:_MOST]:
        coding, _, parameters = entry.partition(";")
        if coding.strip().lower() in {"gzip", "x-gzip"}:
            return _quality(parameters) > 0
    return False


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether the client has what an entity tag stands for.

    >>> is_known('W/"a", "b"', '"b"'), is_known("*", '"b"'), is_known("", '"b"')
    (True, True, False)
    """
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
