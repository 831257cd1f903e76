"""Worlds in which something happens that random ones seldom come by."""

from __future__ import annotations

from typing import Any

from interlock.core.artifacts.listing import Listing, encode_artifacts
from interlock.core.names import NormalizedName
from interlock.core.resolver.facts import Universe
from interlock.core.sources.source import Registry
from interlock.core.versions.version_list import VersionList
from tests.core.resolver.world import resolve


def test_of_many_members_that_clash_the_first_are_named() -> None:
    members: dict[str, Any] = {f"m{n}": {"requires": [f"p!={n}.0"]} for n in range(8)}
    error = resolve({"members": members, "packages": {"p": {f"{n}.0": {} for n in range(8)}}}).error
    assert error is not None
    first = error.message.splitlines()[0]
    assert first.startswith("`m0`, `m1`, `m2`, `m3` and 4 more members cannot all have what they require")


def test_who_takes_a_package_from_one_place_is_named() -> None:
    world: dict[str, Any] = {
        "members": {
            "app": {"requires": ["p"], "sources": {"p": {"directory": "vendored/p"}}},
            "lib": {"requires": ["p>=2"]},
        },
        "direct": {"p": {"directory": "vendored/p", "version": "1.0"}},
    }
    error = resolve(world).error
    assert error is not None
    assert "`lib` requires `p>=2`" in error.message
    assert "`app` takes `p` from" in error.message
    assert "which is 1.0" in error.message


def test_a_cutoff_that_nothing_is_later_than_changes_nothing() -> None:
    world: dict[str, Any] = {
        "root": {"requires": ["a"]},
        "packages": {"a": {"1.0": {"time": "2024-01-01T00:00:00Z"}, "2.0": {"time": "2025-01-01T00:00:00Z"}}},
    }
    free = resolve(world)
    held = resolve({**world, "options": {"cutoff": "2030-01-01T00:00:00Z"}})
    assert free.versions() == held.versions()
    assert held.versions() != resolve({**world, "options": {"cutoff": "2024-06-01T00:00:00Z"}}).versions()


def test_a_listing_of_several_indexes_says_which_a_version_is_from() -> None:
    raw = encode_artifacts([])
    listing = Listing(
        name=NormalizedName("a"),
        index="x",
        versions=("1", "2"),
        files=(raw, raw),
        indexes=("x", "y"),
        starts=("s", "t"),
    )
    universe = Universe(listing.name, [(Registry("x"), VersionList(listing.versions), listing, None)])
    assert [universe.source(at) for at in (0, 1)] == [Registry("x"), Registry("y")]


def test_a_pinned_yanked_version_stands_beside_a_tree_of_the_same_name() -> None:
    world: dict[str, Any] = {
        "members": {
            "app": {"requires": ["p==1.0 ; sys_platform == 'linux'"]},
            "lib": {"requires": ["p ; sys_platform != 'linux'"], "sources": {"p": {"directory": "vendored/p"}}},
        },
        "packages": {"p": {"1.0": {"yanked": "broken"}, "2.0": {}}},
        "direct": {"p": [{"directory": "vendored/p", "version": "3.0"}]},
    }
    outcome = resolve(world)
    assert outcome.lock is not None, outcome.error
    assert sorted(package.version for package in outcome.lock.packages) == ["1.0", "3.0"]
