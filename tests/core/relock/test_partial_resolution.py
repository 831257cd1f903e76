"""A lock made by resolving only what is new to it is the lock that resolving everything gives, to the byte."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import event, given

from interlock.core.lock.codec import encode_lock
from interlock.core.lock.freshness import Stale
from interlock.core.lock.model import Lock
from interlock.core.relock.partial_resolution import extend_lock, partial_problem
from tests.core.relock.changes import assert_as_resolved, changes, reasons
from tests.core.resolver.world import problem_of, resolve, resolve_problem, solved


def _extended(world: dict[str, Any], lock: Lock, stale: list[Stale]) -> Lock | None:
    problem = problem_of(world, lock)
    small = partial_problem(lock, problem, stale)
    if small is None:
        return None
    outcome = resolve_problem(small.problem, world, small.facts)
    if outcome.lock is None or outcome.resolver.setbacks:
        return None
    return extend_lock(lock, outcome.lock, small, problem)


@given(changes(newcomers=True))
def test_resolving_a_part_gives_what_resolving_all_gives(change: tuple[Lock, dict[str, Any], list[Stale]]) -> None:
    lock, changed, stale = change
    fast = _extended(changed, lock, stale)
    event("extended" if fast is not None else "left to a resolution")
    if fast is not None:
        assert_as_resolved(fast, changed, lock)


_WORLD: dict[str, Any] = {
    "members": {
        "app": {"requires": ["a"]},
        "lib": {"requires": ["b ; sys_platform == 'linux'"], "extras": {"fast": ["c"]}},
        "web": {"requires": ["a<2", "lib"]},
    },
    "packages": {
        "a": {"1.0": {"extras": {"x": ["c"]}}, "2.0": {"extras": {"x": ["c"]}}},
        "b": {"1.0": {}},
        "c": {"1.0": {}},
        "plain": {"1.0": {}, "2.0": {}},
        "deep": {"1.0": {"requires": ["plain", "a", "c ; sys_platform == 'win32'"]}},
        "newer": {"1.0": {}, "2.0": {"requires": ["a>=2"]}},
        "wider": {"1.0": {"requires": ["b"]}},
        "extra": {"1.0": {"requires": ["a[x]"]}},
        "forked": {"1.0": {"requires": ["plain<2 ; sys_platform == 'linux'", "plain>=2 ; sys_platform != 'linux'"]}},
        "back": {"1.0": {"requires": ["web"]}},
    },
}


def _with(name: str, **tables: Any) -> tuple[Lock, dict[str, Any], list[Stale]]:
    changed = copy.deepcopy(_WORLD)
    changed["members"][name].update(tables)
    return solved(_WORLD), changed, reasons(_WORLD["members"][name], changed["members"][name], name)


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("app", {"requires": ["a", "plain"]}),
        ("app", {"requires": ["a", "deep"]}),
        ("app", {"requires": ["a", "deep ; sys_platform == 'win32'"]}),
        ("app", {"requires": ["a"], "groups": {"dev": ["plain<2"]}}),
        ("lib", {"extras": {"fast": ["c", "deep"]}}),
        ("web", {"requires": ["a<2", "lib[fast]", "plain"]}),
        ("app", {"requires": ["a", "back"]}),  # wants a member itself
    ],
)
def test_what_is_new_is_resolved_alone(name: str, tables: dict[str, Any]) -> None:
    lock, changed, stale = _with(name, **tables)
    fast = _extended(changed, lock, stale)
    assert fast is not None
    assert encode_lock(fast) == resolve(changed, lock).data


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("app", {"requires": ["a", "newer"]}),  # its newest version does not go with what is locked
        ("app", {"requires": ["a", "wider"]}),  # b is locked for Linux alone
        ("app", {"requires": ["a", "extra"]}),  # an extra nobody had
        ("app", {"requires": ["a", "forked"]}),  # the lock has no forks
        ("app", {"requires": ["plain"], "requires-python": ">=3.12"}),  # not only what it asks for
        ("app", {"requires": ["a", "plain"], "path": "elsewhere"}),  # it moved as well
        ("app", {"requires": ["a", "plain @ https://h.test/plain-1.0.zip"]}),  # from a place of its own
        ("app", {"requires": ["a", "plain"], "sources": {"plain": {"index": "own"}}}),
        ("lib", {"requires": ["plain"]}),  # b is not needed any more
        ("app", {"requires": ["a>=2", "plain"]}),  # no longer answered
    ],
)
def test_anything_else_is_left_to_a_resolution(name: str, tables: dict[str, Any]) -> None:
    assert _extended_with(name, tables) is None


def _extended_with(name: str, tables: dict[str, Any]) -> Lock | None:
    lock, changed, stale = _with(name, **tables)
    return _extended(changed, lock, stale)


def _grown(world: dict[str, Any], name: str, **tables: Any) -> tuple[Lock | None, bytes]:
    changed = copy.deepcopy(world)
    changed["members"][name].update(tables)
    lock = solved(world)
    fast = _extended(changed, lock, reasons(world["members"][name], changed["members"][name], name))
    return fast, resolve(changed, lock).data


def test_a_member_for_fewer_pythons_is_resolved_for_these() -> None:
    world = copy.deepcopy(_WORLD)
    world["members"]["app"]["requires-python"] = ">=3.12"
    fast, whole = _grown(world, "app", requires=["a", "plain"])
    assert fast is None or encode_lock(fast) == whole


def test_what_others_take_from_a_place_of_their_own_is_not_asked_for_anywhere() -> None:
    world = copy.deepcopy(_WORLD)
    world["members"]["lib"]["requires"].append("own ; sys_platform == 'linux' and sys_platform == 'win32'")
    world["members"]["lib"]["sources"] = {"own": {"directory": "vendored/own"}}
    fast, whole = _grown(world, "app", requires=["a", "plain"])
    assert fast is not None
    assert encode_lock(fast) == whole


def test_a_package_of_two_versions_of_which_a_third_is_wanted_is_left_to_a_resolution() -> None:
    world = copy.deepcopy(_WORLD)
    world["members"]["web"]["requires"] += [
        "plain<2 ; sys_platform == 'linux'",
        "plain>=2,<3 ; sys_platform != 'linux'",
    ]
    world["packages"]["plain"]["3.0"] = {}
    world["packages"]["third"] = {"1.0": {"requires": ["plain>=1"]}}
    fast, whole = _grown(world, "app", requires=["a", "third"])
    assert fast is None or encode_lock(fast) == whole


def test_what_a_group_needed_alone_is_left_to_a_resolution_when_the_group_changes() -> None:
    world = copy.deepcopy(_WORLD)
    world["members"]["lib"]["groups"] = {"g": ["newer<2"]}
    assert _grown(world, "lib", groups={"g": ["plain"]})[0] is None
