"""Indexes of a tool table: ``[[index]]`` entries and the older ``index-url`` spellings.

An index without a name is called by its position, never by its host: names are written into the lock.
"""

from __future__ import annotations

from interlock.core.manifests.table import Table
from interlock.core.sources.direct_references import is_fetchable, join_path
from interlock.core.sources.index_order import DEFAULT_INDEX
from interlock.core.sources.source import Index

__all__ = ["find_links_and_indexes"]

_KEYS = (
    "name",
    "url",
    "explicit",
    "default",
    "format",
    "authenticate",
    "ignore-error-codes",
    "publish-url",
)
_NOT_HONOURED = ("cache-control", "exclude-newer", "hash-algorithm")


def find_links_and_indexes(table: Table, path: str) -> tuple[tuple[str, ...], tuple[Index, ...]]:
    """Read both; indexes are in order of priority, a default one last."""
    entries = enumerate(table.tables("index"), start=1)
    found = [index for position, entry in entries if (index := _index(entry, path, position)) is not None]
    for position, url in enumerate(table.texts("extra-index-url"), start=1):
        found.append(Index(name=f"extra-{position}", url=_address(table, "extra-index-url", url, path)))
    for key in ("index-url", "default-index"):
        default = table.text(key)
        if default is not None and not any(index.default for index in found):
            found.append(Index(name=DEFAULT_INDEX, url=_address(table, key, default, path), default=True))
    seen = set()
    for index in found:
        if index.name in seen:
            table.problem("index", f"has two entries named `{index.name}`.", near=index.name)
        seen.add(index.name)
    if sum(index.default for index in found) > 1:
        table.problem("index", "has more than one default.")
    found.sort(key=lambda index: index.default)
    links = tuple(_address(table, "find-links", link, path) for link in table.texts("find-links"))
    return links, tuple(found)


def _index(entry: Table, path: str, position: int) -> Index | None:
    entry.only((*_KEYS, *_NOT_HONOURED))
    for key in _NOT_HONOURED:
        if key in entry:
            entry.problems.warn(f"`{'.'.join(entry.where)}`: `{key}` is not honoured.")
    url = entry.text("url")
    default = entry.flag("default") or False
    if not url:
        entry.problems.add(entry.where, "has an entry without `url`.")
        return None
    explicit = entry.flag("explicit") or False
    name = entry.text("name") or (DEFAULT_INDEX if default else "")
    if not name and explicit:
        entry.problems.add(entry.where, "has an explicit entry without `name`; nothing could refer to it.", near=url)
    codes = entry.values.get("ignore-error-codes", [])
    if not isinstance(codes, list) or not all(isinstance(code, int) for code in codes):
        entry.problem("ignore-error-codes", "must be a list of numbers.")
        codes = []
    return Index(
        name=name or f"index-{position}",
        url=_address(entry, "url", url, path),
        explicit=explicit,
        default=default,
        flat=entry.choice("format", ("simple", "flat"), "simple") == "flat",
        authenticate=entry.choice("authenticate", ("auto", "always", "never"), "auto"),
        ignore_error_codes=tuple(codes),
        publish_url=entry.text("publish-url") or "",
    )


def _address(table: Table, key: str, url: str, path: str) -> str:
    """The URL as written, or a local path relative to the workspace root. Settings take a login out of it."""
    if "://" not in url:
        return join_path(path, url)
    if not is_fetchable(url):
        table.problem(key, f"is `{_shown(url)}`, which is not the URL of an index.", near=url)
    return url


def _shown(url: str) -> str:
    """Without what may be a password, even when the URL cannot be read."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
