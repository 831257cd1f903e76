"""A cache that stays below a size, whoever works with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.ops.caching.cache_gc import Kept, longest_unused
from interlock.store.layout import Bucket, Layout
from interlock.store.locks import hold_sync
from tests.shop import Shop, stored_wheels_are_whole

KEPT = st.lists(
    st.builds(
        Kept,
        path=st.uuids().map(str),
        bucket=st.just(Bucket.WHEELS),
        size=st.integers(0, 1000),
        used=st.integers(0, 20).map(float),
    ),
    max_size=30,
)


@given(KEPT, st.integers(-100, 20_000))
def test_what_stays_was_used_later_and_fits(kept: list[Kept], most: int) -> None:
    dropped = longest_unused(kept, most)
    stays = [one for one in kept if one not in dropped]
    assert sum(one.size for one in stays) <= max(most, 0)
    if dropped:
        # No more than needed: without the last one it would not have fitted.
        assert sum(one.size for one in stays) + dropped[-1].size > most
        assert all(one.used >= dropped[-1].used for one in stays)


def size(cache: Path) -> int:
    return sum(path.lstat().st_size for bucket in cache.glob("*-v*") for path in bucket.rglob("*") if path.is_file())


def wheel(shop: Shop, name: str) -> Path:
    (found,) = [path.parents[1] for path in shop.cache.glob(f"wheels-v1/*/*/tree/{name}-*.dist-info")]
    return found


def use(entry: Path, when: float) -> None:
    os.utime(entry / "files.msgpack", (when, when))


def test_what_was_not_used_for_longest_goes_first(shop: Shop) -> None:
    shop.run("sync", "--all-packages")
    for age, name in enumerate(("click", "flask", "jinja", "safe", "checker")):
        use(wheel(shop, name), 1_000.0 + age)
    before = size(shop.cache)
    weight = sum(path.stat().st_size for path in wheel(shop, "click").rglob("*") if path.is_file())
    said = shop.run("cache", "gc", "--max-size", str(before - 1))
    assert said.err.startswith("Dropped 1 entry")
    assert size(shop.cache) == before - weight
    assert not list(shop.cache.glob("wheels-v1/*/*/tree/click-*"))
    told = shop.run("cache", "gc", "--max-size", "0", "--json").json()
    assert (told["kept"], told["fits"], size(shop.cache)) == (0, True, 0)
    shop.run("sync", "--all-packages", "--reinstall")
    assert shop.can_import("click")


def test_a_cache_that_fits_is_left_alone(shop: Shop) -> None:
    shop.run("sync", "--all-packages")
    before = size(shop.cache)
    assert "Dropped 0 entries" in shop.run("cache", "gc", "--max-size", "1GB").err
    assert size(shop.cache) == before
    assert shop.run("cache", "gc", "--max-size", "1GB", "--cache-dir", shop.root / "nowhere").code == 0
    assert not (shop.root / "nowhere").exists()


@pytest.mark.parametrize("wrong", [(), ("--max-size", "much"), ("--max-size", "-3"), ("--max-size", "5 XB")])
def test_a_size_has_to_be_given(shop: Shop, wrong: tuple[str, ...]) -> None:
    shop.refuses("cache", "gc", *wrong, code=2, error="bad-value")


def test_jobs_go_on_while_the_cache_is_kept_small(shop: Shop) -> None:
    """Eight jobs install again and again while the cache is emptied under them: all get what they want."""
    shop.run("lock")
    shop.index.slow(".whl", 0.05)
    jobs = []
    for number in range(8):
        environment = str(shop.root.parent / f"env-{number}")
        jobs.append(shop.start("sync", "--locked", "--all-packages", INTERLOCK_PROJECT_ENVIRONMENT=environment))
    emptied = 0
    while any(job.poll() is None for job in jobs):
        told = shop.run("cache", "gc", "--max-size", "2000", "--json", code=None).json()
        emptied += told["entries"]
    for job in jobs:
        out, err = job.communicate()
        assert job.returncode == 0, out + err
    assert emptied
    stored_wheels_are_whole(shop.cache)
    for number in range(8):
        assert shop.can_import("flask", environment=shop.root.parent / f"env-{number}")
    assert shop.run("cache", "gc", "--max-size", "2000").code == 0
    assert size(shop.cache) <= 2000


def test_what_others_need_stays_and_is_told(shop: Shop) -> None:
    shop.packages.sdist("plain", "1.0")
    shop.member("more", "plain")
    shop.run("sync", "--all-packages")
    with hold_sync(Layout(shop.cache).usage_lock, shared=True):
        said = shop.run("cache", "gc", "--max-size", "0", code=1)
    assert "the rest is used by other processes" in said.err
    assert not list(shop.cache.glob("wheels-v1/*/*"))
    assert list(shop.cache.glob("sdists-v1/*/*"))
    assert list(shop.cache.glob("built-v1/*/*"))
    assert shop.run("cache", "gc", "--max-size", "0").code == 0
    assert size(shop.cache) == 0
