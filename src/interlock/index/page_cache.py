"""Pages kept between runs, and when they are still good (RFC 9111).

::

    pages-v5/<digest of the index's URL and user>/<name>    one page, parsed, with its validators
    pages-v5/<...>/.flat                                    the one page of a flat index
    pages-v5/<...>/.bases                                   where the index's files are

A page is stored parsed, so that reading it back costs one file and no JSON.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path

import msgspec

from interlock.core.sources.logins import without_login
from interlock.core.sources.source import Index
from interlock.core.text.numbers import whole_number
from interlock.index.page_file import PageFile
from interlock.index.pages import Page
from interlock.store.entries import Entries
from interlock.store.layout import Bucket, Layout
from interlock.store.mapped_files import MappedFiles

__all__ = ["Bases", "CachedFlat", "CachedPage", "PageCache", "Validators", "index_key", "validators_of"]

_LONGEST = 365 * 86_400
_LONGEST_ABSENCE = 600
_SILENT_INDEX = 600
"""Seconds for which a page is good when its headers say nothing of it; PyPI says as much of its own."""
_TELLING = ("cache-control", "etag", "expires", "last-modified", "pragma")


class Validators(msgspec.Struct, frozen=True, array_like=True):
    """What the index said about keeping a page."""

    fetched_at: float = 0.0
    """Seconds since the epoch."""
    max_age: int = 0
    etag: str = ""
    last_modified: str = ""
    storable: bool = True
    body: str = ""
    """Digest of the page as served; an index without validators is recognised by it, and nothing is parsed again."""

    def is_fresh(self, now: float) -> bool:
        """A page from the future (the clock was set back) is not fresh."""
        return 0 <= now - self.fetched_at < self.max_age

    def conditions(self) -> dict[str, str]:
        """Headers that let the index answer that nothing changed."""
        headers: dict[str, str] = {}
        if self.etag:
            headers["if-none-match"] = self.etag
        if self.last_modified:
            headers["if-modified-since"] = self.last_modified
        return headers


def validators_of(headers: Mapping[str, str], now: float, *, absent: bool = False, body: str = "") -> Validators:
    """What the headers of an answer say about keeping it. Without ``max-age``, every run asks whether it has changed.

    An index that says nothing at all, so that every question would cost the whole page, is believed for a while.
    """
    max_age = 0 if absent or any(name in headers for name in _TELLING) else _SILENT_INDEX
    directives = {part.strip().lower() for part in headers.get("cache-control", "").split(",")}
    for directive in directives:
        key, _, value = directive.partition("=")
        if key == "max-age" and value.strip('"').isdecimal():
            # What is too long to be read is longer than anybody remembers.
            max_age = min(whole_number(value.strip('"')) or _LONGEST, _LONGEST) if value.strip('"0') else 0
    age = headers.get("age", "").strip()
    if age.isdecimal():
        max_age = max(0, max_age - (whole_number(age) or _LONGEST)) if age.strip("0") else max_age
    if "no-cache" in directives:
        max_age = 0
    if absent:
        # Somebody may be about to publish the first version.
        max_age = min(max_age, _LONGEST_ABSENCE)
    return Validators(
        fetched_at=now,
        max_age=max_age,
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        storable="no-store" not in directives,
        body=body,
    )


class CachedPage(msgspec.Struct, frozen=True, array_like=True):
    """A page, or None where the index has none."""

    validators: Validators
    page: Page | None


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """What stands before the texts of the files in a stored page."""

    page: CachedPage
    lengths: tuple[int, ...]
    """Of the texts of each version's files."""


_STORED = msgspec.msgpack.Decoder(_Stored)
_LENGTH = 4


class CachedFlat(msgspec.Struct, frozen=True, array_like=True):
    """The files of a flat index's page, with absolute URLs."""

    validators: Validators
    url: str
    files: tuple[PageFile, ...]


class Bases(msgspec.Struct, frozen=True, array_like=True):
    """Where an index's files are: usually one host, and now and then another one for some packages."""

    usual: str = ""
    others: dict[str, str] = {}


class PageCache:
    """The pages of all indexes, below the store's root."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._maps = MappedFiles()
        self._folder = str(layout.bucket(Bucket.PAGES))
        self._flats = Entries(layout, Bucket.PAGES, CachedFlat)
        self._bases = Entries(layout, Bucket.PAGES, Bases)

    def __repr__(self) -> str:
        return f"<PageCache in {self._layout.root}>"

    def load(self, key: str, name: str) -> CachedPage | None:
        data = self._maps.view(self.path(key, name))
        return None if data is None else _decode(data)

    def version(self, key: str, name: str) -> tuple[int, int, int] | None:
        """What tells a stored page from the one before it; None where there is none."""
        try:
            status = os.stat(self.path(key, name))
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def save(self, key: str, name: str, page: CachedPage) -> None:
        if page.validators.storable:
            self._layout.remember(Path(self.path(key, name)), _encode(page))

    def path(self, key: str, name: str) -> str:
        """Where a page is, or would be."""
        return os.path.join(self._folder, key, name)

    def load_flat(self, key: str) -> CachedFlat | None:
        return self._flats.load(".flat", key)

    def save_flat(self, key: str, page: CachedFlat) -> None:
        if page.validators.storable:
            self._flats.save(".flat", page, key)

    def load_bases(self, key: str) -> Bases:
        return self._bases.load(".bases", key) or Bases()

    def has_bases(self, key: str) -> bool:
        """Whether they are there and can be read."""
        return self._bases.load(".bases", key) is not None

    def save_bases(self, key: str, bases: Bases) -> None:
        self._bases.save(".bases", bases, key)


def _encode(cached: CachedPage) -> bytes:
    """The page but for the texts of its files, after its length, and then the texts: few of them are ever looked at."""
    texts: tuple[memoryview, ...] = ()
    if cached.page is not None:
        page = cached.page
        texts = page.listing.files
        listing = msgspec.structs.replace(page.listing, files=())
        cached = CachedPage(cached.validators, Page(listing, page.base, page.links, page.skipped))
    head = msgspec.msgpack.encode(_Stored(cached, tuple([len(text) for text in texts])))
    return b"".join((len(head).to_bytes(_LENGTH, "big"), head, *texts))


def _decode(data: memoryview) -> CachedPage | None:
    start = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
    try:
        stored = _STORED.decode(data[_LENGTH:start])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    page = stored.page.page
    if start + sum(stored.lengths) != len(data) or len(stored.lengths) != (len(page.listing.versions) if page else 0):
        return None
    if page is None:
        return stored.page
    ends = list(accumulate(stored.lengths, initial=start))
    listing = msgspec.structs.replace(page.listing, files=tuple(map(data.__getitem__, map(slice, ends, ends[1:]))))
    return CachedPage(stored.page.validators, Page(listing, page.base, page.links, page.skipped))


def index_key(index: Index, user: str) -> str:
    """The folder of an index: the same URL answers different users differently."""
    text = f"{without_login(index.url)}\n{user}\n{'flat' if index.flat else 'simple'}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]
