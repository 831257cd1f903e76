"""The links and the declarations of an HTML index page (PEP 503, 592, 629, 658, 714, 792).

A scanner of our own that goes forward only: the standard library's parser begins again at what is never closed, so that
a small page of comments keeps it busy for minutes. Of HTML it knows what decides where a tag is: comments,
declarations, scripts and styles, and how attributes are quoted.
"""

from __future__ import annotations

import re
from html import unescape

from interlock.core.sources.hashes import in_fragment, pairs
from interlock.index.page_file import PageFile
from interlock.index.urls import filename_of

__all__ = ["Links"]

_WANTED = (".whl", ".tar.gz", ".zip")
_TAG = re.compile(r"[A-Za-z][^\s/>]*+")
_BETWEEN = re.compile(r"[\s/]*+")
_ATTRIBUTE = re.compile(r"[^\s=>/][^\s=>/]*+")
_EQUALS = re.compile(r"\s*+=\s*+")
_BARE = re.compile(r"[^\s>]*+")
_TEXT_ONLY = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in ("script", "style")}
"""Tags whose content is no markup, with what ends it."""


class Links:
    """What a page links to and declares; a page that ends within a tag or a comment is read up to there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.files: list[PageFile] = []
        self.api_version = "1.0"
        self.status = ""
        self.base = ""
        self.skipped = 0
        """Links that cannot be read."""
        at = text.find("<")
        while at >= 0:
            at = text.find("<", self._markup(at + 1))

    def __repr__(self) -> str:
        return f"<Links [{len(self.files)} files]>"

    def _markup(self, at: int) -> int:
        """Read what follows a ``<``; where to go on."""
        text = self._text
        if text.startswith("!--", at):
            return self._after("-->", at + 1)
        if text.startswith(("!", "?", "/"), at):
            return self._after(">", at)
        name = _TAG.match(text, at)
        if name is None:
            return at
        tag = name[0].lower()
        values, at = self._attributes(name.end())
        self._tag(tag, values)
        if tag not in _TEXT_ONLY:
            return at
        close = _TEXT_ONLY[tag].search(text, at)
        return len(text) if close is None else close.end()

    def _after(self, end: str, at: int) -> int:
        found = self._text.find(end, at)
        return len(self._text) if found < 0 else found + len(end)

    def _attributes(self, at: int) -> tuple[dict[str, str | None], int]:
        """The attributes of a tag, the first of each name, and where the tag ends."""
        text, values = self._text, dict[str, str | None]()
        while True:
            at = _end(_BETWEEN, text, at)
            name = _ATTRIBUTE.match(text, at) or (_BARE.match(text, at) if text.startswith("=", at) else None)
            if name is None:
                return values, at + 1
            at = name.end()
            value = None
            equals = _EQUALS.match(text, at)
            if equals is not None:
                at = equals.end()
                quote = text[at : at + 1]
                close = text.find(quote, at + 1) if quote in {'"', "'"} else -1
                stop = close if close >= 0 else len(text) if quote in {'"', "'"} else _end(_BARE, text, at)
                value = text[at + 1 : stop] if quote in {'"', "'"} else text[at:stop]
                at = stop + 1 if close >= 0 else stop
            values.setdefault(name[0].lower(), value)

    def _tag(self, tag: str, written: dict[str, str | None]) -> None:
        if tag not in {"a", "meta", "base"}:
            return
        try:
            values = {name: unescape(value) if value is not None else None for name, value in written.items()}
            if tag == "a":
                self._anchor(values)
        except ValueError:
            # A character's number of thousands of digits, or an address that is none.
            self.skipped += 1
            return
        if tag == "meta" and values.get("name") == "pypi:repository-version":
            self.api_version = values.get("content") or "1.0"
        elif tag == "meta" and values.get("name") == "pypi:project-status":
            self.status = values.get("content") or ""
        elif tag == "base" and not self.base:
            self.base = values.get("href") or ""

    def _anchor(self, values: dict[str, str | None]) -> None:
        href = (values.get("href") or "").strip()
        filename = filename_of(href)
        if not filename.endswith(_WANTED):
            return
        core = values.get("data-core-metadata", values.get("data-dist-info-metadata"))
        offered = "data-core-metadata" in values or "data-dist-info-metadata" in values
        self.files.append(
            PageFile(
                filename=filename,
                url=href,
                requires_python=values.get("data-requires-python"),
                yanked=(values["data-yanked"] or True) if "data-yanked" in values else False,
                core_metadata=_metadata(core) if offered else None,
            )
        )


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _metadata(text: str | None) -> bool | dict[str, str]:
    hashes = dict(pairs(in_fragment(text or "")))
    return hashes or (text or "true").lower() != "false"
