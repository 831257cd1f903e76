"""HTML index pages (PEP 503, 592, 629, 658, 714, 792), and any page that links to files."""

from __future__ import annotations

import codecs
import re

from interlock.index.page_file import PageFiles

__all__ = ["parse_html"]

_MARKUP = re.compile(rb"<\s*(?:!doctype|html|head|body|title|meta|a\s|h1|ul|pre|table)", re.IGNORECASE)
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9_-]{1,40})")
_PLAIN_CHARSETS = ("utf-8", "utf-16", "ascii", "iso8859", "cp125", "cp437", "shift_jis", "euc", "gb", "big5", "koi8")
"""What pages are written in; Python's other codecs are for other things, and some take very long."""


def parse_html(body: bytes, content_type: str = "text/html") -> PageFiles | None:
    """The wheels and sdists a page links to; None when it is not HTML at all."""
    if body.strip() and _MARKUP.search(body) is None:
        return None
    text = body.decode(_charset(content_type), "replace")
    # Most indexes speak JSON, and then nothing that reads HTML has to be loaded.
    from interlock.index.html_links import Links  # noqa: PLC0415

    links = Links(text)
    return PageFiles(
        files=links.files,
        api_version=links.api_version,
        status=links.status,
        base=links.base,
        skipped=links.skipped,
        notes=["a link that cannot be read"] * (links.skipped > 0),
    )


def _charset(content_type: str) -> str:
    match = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(match[1]).name if match else "utf-8"
    except LookupError:
        return "utf-8"
    return name if name.startswith(_PLAIN_CHARSETS) else "utf-8"
