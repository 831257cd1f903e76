"""Index pages into listings (PEP 503, 592, 658, 691, 700, 714, 792)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from interlock.core.artifacts.listing import Listing, content_digest
from interlock.core.artifacts.published import utc
from interlock.core.names import NormalizedName
from interlock.core.sources.hashes import in_fragment, pairs
from interlock.core.text.one_line import one_line
from interlock.core.versions.order import Ordered, in_order
from interlock.index.fast_page import FastPage, read_fast_page
from interlock.index.file_places import places_of, readable
from interlock.index.filenames import version_in
from interlock.index.page_file import PageFile, PageFiles
from interlock.index.page_text import parse_page
from interlock.index.urls import join

__all__ = ["Page", "make_page", "page_of", "read_page"]


class Page(msgspec.Struct, frozen=True, array_like=True):
    """A listing, and where its files are."""

    listing: Listing
    base: str = ""
    """Scheme and host of the files, with a slash; artifacts' locations are below it."""
    links: dict[str, str] = {}
    """URLs by file name, for files that are somewhere else."""
    skipped: int = 0
    """Files left out because something about them was unreadable."""


def read_page(name: NormalizedName, body: bytes, content_type: str, url: str, *, index: str) -> tuple[Page, list[str]]:
    """The page of a package, with notes on what was left out. ``url`` is the page's own, without credentials.

    Raises :class:`BadPage` when it is none, :class:`UnsupportedApi` for a newer major version.
    """
    if content_type.partition(";")[0].strip().lower().endswith("json"):
        found = read_fast_page(name, url, body)
        if found is not None:
            return page_of(found, name, index, body)
    files = parse_page(body, content_type, url, index=index)
    return make_page(name, index, url, files), files.notes


def page_of(found: FastPage, name: NormalizedName, index: str, body: bytes) -> tuple[Page, list[str]]:
    """The page that a fast one stands for, with the same notes."""
    notes = [f"{filename}: its version is none" for filename in found.unversioned]
    return Page(found.listing(name, index, body), found.base, {}, len(found.unversioned)), notes


def make_page(name: NormalizedName, index: str, url: str, page: PageFiles) -> Page:
    """Group a page's files by version. ``url`` is the page's own, without credentials; links are relative to it.

    What is left out is added to the notes of ``page``.
    """
    files, notes = readable(page.files, _base(url, page.base), url)
    page.notes += notes
    base, locations, links = places_of(files, _base(url, page.base))
    groups: dict[str, list[PageFile]] = {}
    skipped = page.skipped + len(notes)
    for file, location in zip(files, locations, strict=True):
        filename = file.filename
        text = version_in(filename, name)
        if text is None or "/" in filename or "\\" in filename:
            if filename.endswith((".whl", ".tar.gz", ".zip")):
                skipped += 1
                page.notes.append(f"{filename}: this is not the name of a file of {name}")
            links.pop(filename, None)
            continue
        hashes = file.hashes or dict(pairs(in_fragment(file.url.partition("#")[2])))
        groups.setdefault(text, []).append(msgspec.structs.replace(file, url=location, hashes=hashes))
    ordered, invalid = in_order(groups)
    for text in invalid:
        skipped += len(groups[text])
        page.notes += [f"{file.filename}: `{text}` is not a version" for file in groups[text]]
    return Page(_listing(name, index, ordered, groups, page.status), base, links, skipped)


def _base(url: str, declared: str) -> str:
    """What a page's links are relative to; a declared address that cannot be read is none."""
    try:
        return join(url, declared) if declared else url
    except ValueError:
        return url


def _listing(
    name: NormalizedName, index: str, ordered: list[Ordered], groups: Mapping[str, list[PageFile]], status: str
) -> Listing:
    # A page may name a file twice; the last entry wins, as it would with a dictionary.
    members = [
        list({file.filename: file for text in found.texts for file in groups[text]}.values()) for found in ordered
    ]
    uploads = tuple(min(utc(file.upload_time or "") for file in files) for files in members)
    versions = tuple(found.version for found in ordered)
    texts = tuple(memoryview(msgspec.json.encode(files))[1:-1] for files in members)
    return Listing(
        name=name,
        index=index,
        versions=versions,
        files=texts,
        prereleases=tuple(at for at, found in enumerate(ordered) if found.is_prerelease),
        yanked=tuple(at for at, files in enumerate(members) if all(file.yanked for file in files)),
        first_upload=uploads if any(uploads) else (),
        status="" if status == "active" else one_line(status),
        digest=content_digest(versions, texts, ("",)),
    )
