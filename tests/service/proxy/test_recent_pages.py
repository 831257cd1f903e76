"""Pages that were read stay at hand, and are never older than what is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.names import normalize_name
from interlock.index.page_cache import CachedPage, PageCache, Validators
from interlock.index.page_file import PageFile, PageFiles
from interlock.index.pages import make_page
from interlock.service.proxy import recent_pages
from interlock.service.proxy.recent_pages import RecentPages
from interlock.store.layout import Layout

A = normalize_name("a")


def page(*versions: str, name: str = "a") -> CachedPage:
    files = [PageFile(filename=f"{name}-{version}.tar.gz", url=f"/{name}-{version}.tar.gz") for version in versions]
    made = make_page(normalize_name(name), "main", "https://index.test/", PageFiles(files=files))
    return CachedPage(Validators(etag="-".join(versions)), made)


@pytest.fixture
def cache(tmp_path: Path) -> PageCache:
    return PageCache(Layout(tmp_path / "store"))


def versions(found: CachedPage | None) -> tuple[str, ...]:
    assert found is not None
    assert found.page is not None
    return found.page.listing.versions


def test_a_page_is_read_again_when_it_was_stored_again(cache: PageCache) -> None:
    recent = RecentPages(cache)
    assert recent.load("key", A) is None
    for stored in (("1.0",), ("1.0", "2.0"), ("1.1", "2.1"), ("1.0",)):
        cache.save("key", "a", page(*stored))
        assert versions(recent.load("key", A)) == stored
        assert recent.load("key", A) is recent.load("key", A)
    cache.save("key", "a", CachedPage(Validators(), None))
    gone = recent.load("key", A)
    assert gone is not None
    assert gone.page is None


def test_a_page_that_was_deleted_is_gone(cache: PageCache, tmp_path: Path) -> None:
    recent = RecentPages(cache)
    cache.save("key", "a", page("1.0"))
    assert versions(recent.load("key", A)) == ("1.0",)
    [stored] = (tmp_path / "store").glob("pages-*/key/a")
    stored.unlink()
    assert recent.load("key", A) is None


def test_only_the_last_ones_are_kept(cache: PageCache) -> None:
    recent = RecentPages(cache)
    names = [f"p{number}" for number in range(recent_pages._MOST_PAGES + 50)]
    for name in names:
        cache.save("key", name, page("1.0", name=name))
    for _ in range(2):
        for name in names:
            assert versions(recent.load("key", normalize_name(name))) == ("1.0",)
    assert f"[{recent_pages._MOST_PAGES} pages" in repr(recent)
    sizes = [version[2] for name in names[-recent_pages._MOST_PAGES :] if (version := cache.version("key", name))]
    assert f"{sum(sizes)} bytes" in repr(recent)
