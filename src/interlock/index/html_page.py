"""HTML index pages (PEP 503, 592, 629, 658, 714, 792), and any page that links to files."""

from __future__ import annotations

import re

from interlock.index.page_file import PageFiles

__all__ = ["parse_html"]

_MARKUP = re.compile(rb"<\s*(?:!doctype|html|head|body|title|meta|a\s|h1|ul|pre|table)", re.IGNORECASE)
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9_-]+)")


def parse_html(body: bytes, content_type: str = "text/html") -> PageFiles | None:
    """The wheels and sdists a page links to; None when it is not HTML at all."""
    if body.strip() and _MARKUP.search(body) is None:
        return None
    match = _CHARSET.search(content_type)
    try:
        text = body.decode(match[1] if match else "utf-8", "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    # Most indexes speak JSON, and then nothing that reads HTML has to be loaded.
    from interlock.index.html_links import Links  # noqa: PLC0415

    links = Links()
    links.feed(text)
    links.close()
    return PageFiles(files=links.files, api_version=links.api_version, status=links.status, base=links.base)
