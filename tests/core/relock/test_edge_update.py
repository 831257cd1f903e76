"""A lock made without resolving is the lock that resolving gives, to the byte; where that is not sure, none is made."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given

from interlock.core.lock.codec import encode_lock
from interlock.core.lock.freshness import Stale
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.core.relock.edge_update import update_edges
from tests.core.relock.changes import assert_as_resolved, changes, reasons
from tests.core.resolver.world import problem_of, resolve, solved


def _updated(world: dict[str, Any], lock: Lock, stale: list[Stale]) -> Lock | None:
    return update_edges(lock, problem_of(world, lock), stale)


@given(changes())
def test_updating_edges_gives_what_resolving_gives(change: tuple[Lock, dict[str, Any], list[Stale]]) -> None:
    lock, changed, stale = change
    fast = _updated(changed, lock, stale)
    if fast is not None:
        assert_as_resolved(fast, changed, lock)


_WORLD: dict[str, Any] = {
    "members": {
        "app": {"requires": ["a"]},
        "lib": {"requires": ["b>=1 ; sys_platform == 'linux'", "c"], "extras": {"fast": ["d"]}, "groups": {"g": ["c"]}},
        "web": {"requires": ["a", "lib"]},
    },
    "packages": {
        "a": {"1.0": {"requires": ["b"], "extras": {"x": ["d"]}}, "2.0": {"requires": ["b"], "extras": {"x": ["d"]}}},
        "b": {"1.0": {}, "2.0": {}},
        "c": {"1.0": {"requires": ["e ; sys_platform == 'win32'"]}},
        "d": {"1.0": {}},
        "e": {"1.0": {}},
        "f": {"1.0": {}},
    },
}


def _with(name: str, **tables: Any) -> tuple[dict[str, Any], list[Stale]]:
    changed = copy.deepcopy(_WORLD)
    changed["members"][name].update(tables)
    return changed, reasons(_WORLD["members"][name], changed["members"][name], name)


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("app", {"requires": ["a", "b"]}),
        ("app", {"requires": ["a", "c", "lib"]}),
        ("app", {"requires": ["a>=1.5", "b ; sys_platform == 'darwin'"]}),
        ("app", {"requires": ["a", "lib[fast]"]}),
        ("app", {"requires": []}),  # web asks for a as well
        ("app", {"requires": ["a"], "extras": {"new": ["c"]}}),
        ("web", {"requires": ["a", "lib"], "groups": {"dev": ["d", "e ; sys_platform == 'win32'"]}}),
        ("lib", {"groups": {}}),
        ("lib", {"groups": {"g": ["c", "b"]}}),
    ],
)
def test_what_is_locked_already_needs_no_resolution(name: str, tables: dict[str, Any]) -> None:
    lock = solved(_WORLD)
    changed, stale = _with(name, **tables)
    fast = _updated(changed, lock, stale)
    assert fast is not None
    assert encode_lock(fast) == resolve(changed, lock).data


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("app", {"requires": ["a", "f"]}),  # new to the lock
        ("app", {"requires": ["a<2"]}),  # another version
        ("app", {"requires": ["a", "b"], "path": "elsewhere"}),  # it moved as well
        ("app", {"requires": ["a", "b"], "requires-python": ">=3.12"}),
        ("app", {"requires": ["a", "b @ https://h.test/b-1.0.zip"]}),  # from a place of its own
        ("app", {"requires": ["a", "b"], "sources": {"b": {"index": "own"}}}),
        ("app", {"requires": ["a<2 ; sys_platform == 'linux'", "a>=2 ; sys_platform != 'linux'"]}),  # a fork
        ("app", {"requires": ["a[x]"]}),  # an extra nobody had
        ("app", {"requires": ["a", "e"]}),  # locked for Windows alone
        ("lib", {"requires": ["c"]}),  # b is still needed, but less of c goes
        ("lib", {"requires": []}),  # c is needed by the group alone, and e with it
        ("lib", {"extras": {}}),  # d is not needed any more
        ("web", {"requires": ["lib"], "groups": {}}),
    ],
)
def test_anything_else_is_left_to_a_resolution(name: str, tables: dict[str, Any]) -> None:
    lock = solved(_WORLD)
    changed, stale = _with(name, **tables)
    fast = _updated(changed, lock, stale)
    assert fast is None or encode_lock(fast) == resolve(changed, lock).data
    if name == "app" or "extras" in tables:
        assert fast is None


@pytest.mark.parametrize(
    "reason",
    [
        Stale(member=None, key="constraints", kind="changed"),
        Stale(member=NormalizedName("app"), key="requires-python", kind="changed"),
        Stale(member=NormalizedName("app"), key="member", kind="added"),
        Stale(member=NormalizedName("app"), key="sources.a", kind="changed"),
    ],
)
def test_other_changes_are_left_to_a_resolution(reason: Stale) -> None:
    lock = solved(_WORLD)
    assert _updated(_WORLD, lock, [reason]) is None


@pytest.mark.parametrize(
    ("options", "requires"),
    [
        ({"prerelease": "disallow"}, []),  # what is no longer named may have let a pre-release in
        ({"constraints": ["a<3"]}, ["a", "b"]),
        ({"overrides": ["b>=1"]}, ["a", "b"]),
        ({"excludes": ["b"]}, ["a", "b"]),
    ],
)
def test_settings_are_those_of_a_resolution(options: dict[str, Any], requires: list[str]) -> None:
    world = {**copy.deepcopy(_WORLD), "options": options}
    lock = solved(world)
    changed = copy.deepcopy(world)
    changed["members"]["app"]["requires"] = requires
    fast = _updated(changed, lock, reasons(world["members"]["app"], changed["members"]["app"], "app"))
    assert fast is None or encode_lock(fast) == resolve(changed, lock).data


def test_of_two_versions_the_one_that_is_meant_is_named() -> None:
    world: dict[str, Any] = {
        "members": {
            "app": {"requires": ["a<2 ; sys_platform == 'linux'", "a>=2 ; sys_platform != 'linux'"]},
            "lib": {"requires": ["b"]},
        },
        "packages": {"a": {"1.0": {}, "2.0": {}}, "b": {"1.0": {}}},
    }
    lock = solved(world)
    changed = copy.deepcopy(world)
    changed["members"]["lib"]["requires"] = ["b", "a"]
    fast = _updated(changed, lock, reasons(world["members"]["lib"], changed["members"]["lib"], "lib"))
    assert fast is not None
    assert encode_lock(fast) == resolve(changed, lock).data


def test_members_that_come_and_go_are_left_to_a_resolution() -> None:
    lock = solved(_WORLD)
    fewer = copy.deepcopy(_WORLD)
    del fewer["members"]["web"]
    assert _updated(fewer, lock, []) is None


_FORKED: dict[str, Any] = {
    "members": {
        "app": {"requires": ["p<2 ; sys_platform == 'linux'", "p>=2 ; sys_platform != 'linux'", "q"]},
        "lib": {"requires": ["q ; sys_platform == 'linux'"]},
        "new": {"requires": ["q ; python_version < '3.12'"], "requires-python": ">=3.12"},
    },
    "packages": {"p": {"1.0": {}, "2.0": {}}, "q": {"1.0": {}}},
    "options": {"fork-strategy": "fewest"},
}


def _changed(**members: list[str]) -> tuple[dict[str, Any], list[Stale]]:
    changed, found = copy.deepcopy(_FORKED), []
    for name, requires in members.items():
        changed["members"][name]["requires"] = requires
        found += reasons(_FORKED["members"][name], changed["members"][name], name)
    return changed, found


def test_what_others_need_in_one_fork_alone_is_left_to_a_resolution() -> None:
    lock = solved(_FORKED)
    world, stale = _changed(app=["p<2 ; sys_platform == 'linux'", "p>=2 ; sys_platform != 'linux'"])
    assert _updated(world, lock, stale) is None


def test_what_is_asked_for_where_a_member_does_not_run_is_no_edge() -> None:
    lock = solved(_FORKED)
    world, stale = _changed(new=["q ; python_version < '3.11.5'", "q ; python_version < '3.12'"])
    fast = _updated(world, lock, stale)
    whole = resolve(world, lock)
    assert fast is None or encode_lock(fast) == whole.data
    assert whole.lock is not None
    assert not [one.dependencies for one in whole.lock.members if one.name == "new" and one.dependencies]


def test_a_lock_whose_forks_leave_something_out_is_left_to_a_resolution() -> None:
    lock = solved(_FORKED)
    world, stale = _changed(lib=["q"])
    assert _updated(world, lock, stale) is not None
    assert _updated(world, msgspec.structs.replace(lock, forks=lock.forks[:1]), stale) is None
