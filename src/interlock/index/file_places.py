"""Where the files of a page are: the host of most of them, and each one's path below it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from interlock.core.sources.addresses import address_problem
from interlock.core.sources.logins import without_login
from interlock.core.text.one_line import one_line
from interlock.index.page_file import PageFile
from interlock.index.urls import is_remote, join, origin

__all__ = ["Places", "common_start", "places_of", "readable"]

Places = tuple[str, Sequence[str], dict[str, str]]
"""The host of the files, each file's path below it (empty for one elsewhere), and the URLs of those elsewhere."""


def places_of(files: Sequence[PageFile], url: str) -> Places:
    addresses = _addresses(files, url)
    base = _base(addresses)
    cut = len(base)
    locations: list[str] = []
    links: dict[str, str] = {}
    for file, address in zip(files, addresses, strict=True):
        if base and address.startswith(base) and "?" not in address:
            locations.append(address[cut:])
        else:
            locations.append("")
            links[file.filename] = address
    return base, locations, links


_ODD = ("?", "#", "@", "\\", " ")
_ODD_PAIRS = ("//", "/.")
_UPWARD = re.compile(r"(?:\.\./)+(?=[^./])|/(?=[^/])|https?://[a-z0-9.:-]+/(?=[^/])")


def common_start(urls: Sequence[str], url: str) -> tuple[str, str] | None:
    """What every link begins with, and the address it stands for, when all links of a page are written alike.

    They nearly always are: with the same host, from the root, or with the same number of ``../``. Then no link has to
    be joined with the page's URL, which would cost more than everything else that is done with a page.
    """
    found = _UPWARD.match(urls[0]) if urls else None
    if found is None:
        return None
    start = found.group()
    text = "\n" + "\n".join(urls)
    if text.count("\n" + start) != len(urls) or text.count("\n") != len(urls):
        return None
    if (
        not "".join(urls).isprintable()
        or any(odd in text for odd in _ODD)
        or re.search(f"\n{re.escape(start)}[^0-9A-Za-z_]", text)
    ):
        return None
    if any(text.count(pair) != len(urls) * start.count(pair) for pair in _ODD_PAIRS):
        return None
    if is_remote(start):
        return None if address_problem(start) else (start, start)
    base = join(url, start)
    # Only what is at the top of the host has the host alone for its base.
    return (start, base) if base == origin(base) else None


def readable(files: Sequence[PageFile], url: str, page: str) -> tuple[list[PageFile], list[str]]:
    """The files whose links can be followed, and what is wrong with the others.

    ``page`` is where the page came from, ``url`` what its links are relative to. A page from the network may not lead
    to the files of this machine, nor anywhere else than to HTTP.
    """
    kept: list[PageFile] = []
    notes: list[str] = []
    remote = is_remote(page)
    for file in files:
        problem = _link_problem(file.url, url, remote=remote)
        if problem:
            notes.append(f"{one_line(file.filename)}: {problem}")
        else:
            kept.append(file)
    return kept, notes


def _link_problem(link: str, base: str, *, remote: bool) -> str:
    if not is_remote(link) and ":" not in link and not link.startswith("//") and "\\" not in link and is_remote(base):
        return "" if link.isprintable() else "its link holds control characters"
    try:
        there = join(base, link)
    except ValueError as error:
        return f"its link is not an address ({error})"
    if is_remote(there):
        problem = address_problem(there.partition("#")[0].replace(" ", "%20"))
        return f"its link is not an address ({problem})" if problem else ""
    if remote:
        return f"a page from the network may only link to http and https, not to {one_line(there, 80)}"
    scheme = there.partition(":")[0] if "://" in there else "file"
    return "" if scheme.lower() == "file" else f"its link is of the scheme `{one_line(scheme, 20)}`"


def _addresses(files: Sequence[PageFile], base: str) -> list[str]:
    """Absolute URLs of the files, without fragments and credentials."""
    folders: dict[str, str] = {}
    found: list[str] = []
    for file in files:
        url = file.url
        if "#" in url:
            url = url.partition("#")[0]
        if not is_remote(url):
            folder, slash, last = url.rpartition("/")
            if not slash or not folder.strip("/") or "?" in url:
                url = join(base, url)
            else:
                # urljoin costs more than everything else here, and a page has few folders.
                known = folders.get(folder)
                if known is None:
                    known = folders[folder] = join(base, folder + "/")
                url = known + last
        found.append(without_login(url))
    return found


def _base(addresses: Sequence[str]) -> str:
    """The host most files are on; the same page gives the same answer."""
    if not addresses:
        return ""
    first = origin(addresses[0])
    if first and all(address.startswith(first) for address in addresses):
        return first
    counted = Counter(filter(None, map(origin, addresses)))
    return min(counted, key=lambda base: (-counted[base], base)) if counted else ""
