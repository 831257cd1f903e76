"""Where the files of a page are: the host of most of them, and each one's path below it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from interlock.index.page_file import PageFile
from interlock.index.urls import is_remote, join, origin, without_login

__all__ = ["Places", "common_start", "places_of"]

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
    if any(odd in text for odd in _ODD) or re.search(f"\n{re.escape(start)}[^0-9A-Za-z_]", text):
        return None
    if any(text.count(pair) != len(urls) * start.count(pair) for pair in _ODD_PAIRS):
        return None
    if is_remote(start):
        return start, start
    base = join(url, start)
    # Only what is at the top of the host has the host alone for its base.
    return (start, base) if base == origin(base) else None


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
