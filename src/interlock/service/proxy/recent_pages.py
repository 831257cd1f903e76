"""Stored pages as they were last read: reading one of thousands of files takes longer than sending it."""

from __future__ import annotations

from collections import OrderedDict

from interlock.core.names import NormalizedName
from interlock.index.page_cache import CachedPage, PageCache

__all__ = ["RecentPages"]

_MOST_PAGES = 200
_MOST_BYTES = 64 << 20


class RecentPages:
    """The last ones that were asked for; each is read again when it was stored again."""

    def __init__(self, cache: PageCache) -> None:
        self._cache = cache
        self._pages: OrderedDict[tuple[str, str], tuple[tuple[int, int, int], CachedPage]] = OrderedDict()
        self._size = 0

    def __repr__(self) -> str:
        return f"<RecentPages [{len(self._pages)} pages, {self._size} bytes]>"

    def load(self, key: str, name: NormalizedName) -> CachedPage | None:
        """As :meth:`PageCache.load`."""
        version = self._cache.version(key, name)
        if version is None:
            return None
        known = self._pages.pop((key, name), None)
        if known is not None and known[0] == version:
            self._pages[key, name] = known
            return known[1]
        if known is not None:
            self._size -= known[0][2]
        page = self._cache.load(key, name)
        if page is not None:
            self._pages[key, name] = (version, page)
            self._size += version[2]
            while len(self._pages) > 1 and (len(self._pages) > _MOST_PAGES or self._size > _MOST_BYTES):
                self._size -= self._pages.popitem(last=False)[1][0][2]
        return page
