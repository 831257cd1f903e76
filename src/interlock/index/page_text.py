"""The text of an index page, in either format (PEP 503, 691, 700, 714, 792).

What one file says wrongly costs that file, never the page; what the page says wrongly is an error.
"""

from __future__ import annotations

import msgspec

from interlock.core.sources.logins import redact
from interlock.core.text.numbers import whole_number
from interlock.index.failures import BadPage, UnsupportedApi
from interlock.index.html_page import parse_html
from interlock.index.page_file import PageFile, PageFiles, PageMeta, ProjectStatus

__all__ = ["ACCEPT", "parse_page"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
_API = 1
_SHOWN = 80
"""How much is shown of an entry that cannot be read."""


class _JsonPage(msgspec.Struct, rename="kebab"):
    files: list[PageFile]
    meta: PageMeta = msgspec.field(default_factory=PageMeta)
    project_status: ProjectStatus | None = None


class _LoosePage(msgspec.Struct, rename="kebab"):
    files: list[msgspec.Raw]
    meta: PageMeta = msgspec.field(default_factory=PageMeta)
    project_status: msgspec.Raw = msgspec.Raw(b"null")


_STRICT = msgspec.json.Decoder(_JsonPage)
_LOOSE = msgspec.json.Decoder(_LoosePage)
_FILE = msgspec.json.Decoder(PageFile)


def parse_page(body: bytes, content_type: str, url: str, *, index: str = "") -> PageFiles:
    """Read a page of either format.

    Raises :class:`BadPage` when it is neither, :class:`UnsupportedApi` for a newer major version.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json") or (not kind.endswith("html") and body.lstrip()[:1] == b"{"):
        page = _parse_json(body, url, index)
    elif kind.endswith("html") or body.lstrip()[:1] == b"<":
        links = parse_html(body, content_type)
        if links is None:
            raise BadPage(redact(url), "it is not HTML", index=index)
        page = links
    else:
        raise BadPage(redact(url), f"it is of type `{kind or 'unknown'}`, neither JSON nor HTML", index=index)
    major = whole_number(page.api_version.partition(".")[0])
    if major is None:
        raise BadPage(redact(url), f"its version of the API is `{page.api_version[:_SHOWN]}`", index=index)
    if major > _API:
        raise UnsupportedApi(redact(url), page.api_version, index=index)
    return page


def _parse_json(body: bytes, url: str, index: str) -> PageFiles:
    try:
        page = _STRICT.decode(body)
    except msgspec.ValidationError:
        return _parse_loosely(body, url, index)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPage(redact(url), f"it is not JSON ({error})", index=index) from error
    status = page.project_status.status if page.project_status else ""
    return PageFiles(files=page.files, api_version=page.meta.api_version, status=status)


def _parse_loosely(body: bytes, url: str, index: str) -> PageFiles:
    """File by file, leaving out those that are not as the standard says."""
    try:
        page = _LOOSE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPage(redact(url), f"it is not a page of the simple API ({error})", index=index) from error
    files: list[PageFile] = []
    notes: list[str] = []
    for raw in page.files:
        try:
            files.append(_FILE.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            notes.append(f"{bytes(raw)[:_SHOWN].decode(errors='replace')}: {error}")
    try:
        status = msgspec.json.decode(page.project_status, type=ProjectStatus | None)
    except (msgspec.DecodeError, RecursionError):
        status = None
    return PageFiles(
        files=files,
        api_version=page.meta.api_version,
        status=status.status if status else "",
        skipped=len(page.files) - len(files),
        notes=notes,
    )
