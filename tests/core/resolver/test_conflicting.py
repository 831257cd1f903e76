"""Declared conflicts: what they cost, what they touch, and where they are too many."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import TRUE, evaluate
from interlock.core.members.sides import Sides
from interlock.core.names import normalize_extra, normalize_name
from interlock.core.resolver.parts import EntangledConflicts, Parts
from tests.core.resolver.world import resolve, solved

ITEMS = [ConflictItem(normalize_name("m"), normalize_extra(f"e{number}")) for number in range(6)]
PAIRS = st.lists(st.sampled_from(list(combinations(ITEMS, 2))), unique=True)


def _allowed(conflicts: list[tuple[ConflictItem, ...]]) -> list[frozenset[str]]:
    """Every set of active items in which no two conflict."""
    found = []
    for bits in product((False, True), repeat=len(ITEMS)):
        active = {item for item, bit in zip(ITEMS, bits, strict=True) if bit}
        if not any(set(pair) <= active for pair in conflicts):
            found.append(frozenset(item.key for item in active))
    return found


@given(PAIRS)
def test_sides_are_items_with_the_same_opponents(conflicts: list[tuple[ConflictItem, ...]]) -> None:
    sides = Sides(conflicts)
    against = {item: {other for pair in conflicts if item in pair for other in pair} - {item} for item in ITEMS}
    for one, other in combinations(ITEMS, 2):
        if against[one] and against[other]:
            assert (sides.of(one) == sides.of(other)) == (against[one] == against[other])
            assert sides.oppose(one, other) == (other in against[one])
    assert {item for items in sides.items for item in items} == {item for item in ITEMS if against[item]}


@given(PAIRS, st.lists(st.integers(0, 5), max_size=6))
def test_parts_exclude_each_other_and_cover_all_that_can_be_selected(
    conflicts: list[tuple[ConflictItem, ...]], by: list[int]
) -> None:
    sides = Sides(conflicts)
    name = normalize_name("p")
    parts = Parts(sides, {name: {side for side in by if side < len(sides.items)}}, {})
    for active in _allowed(conflicts):
        holding = [region for region in parts.of(name) if evaluate(region, {}, active)]
        assert len(holding) == 1, active
    assert parts.of(normalize_name("q")) == (TRUE,)


def _apart(count: int, *, common: bool = False) -> dict[str, Any]:
    """A member with pairs of extras that exclude each other, which share a package if any."""
    extras: dict[str, list[str]] = {}
    packages: dict[str, Any] = {"common": {str(number): {} for number in range(1, 9)}}
    for number in range(count):
        packages[f"p{number}"] = {"1": {}, "2": {}}
        shared = [f"common>={number % 3 + 1}"] if common else []
        extras |= {f"a{number}": [f"p{number}<2", *shared], f"b{number}": [f"p{number}>=2", *shared, "common<8"][:3]}
    conflicts = [[f"root[a{number}]", f"root[b{number}]"] for number in range(count)]
    return {"root": {"extras": extras}, "packages": packages, "options": {"conflicts": conflicts}}


@pytest.mark.parametrize("common", [False, True])
def test_conflicts_cost_their_sum_and_not_their_product(common: bool) -> None:
    few, many = (resolve(_apart(count, common=common)) for count in (10, 40))
    assert few.lock is not None and many.lock is not None
    assert many.decisions <= 5 * few.decisions
    assert many.versions()["p39"] == ["1", "2"]


def test_two_classes_of_members_cost_their_sum() -> None:
    def classes(count: int) -> dict[str, Any]:
        old, new = ([f"{kind}{number}" for number in range(count)] for kind in ("old", "new"))
        members = {name: {"requires": ["p<2"]} for name in old} | {name: {"requires": ["p>=2"]} for name in new}
        conflicts = [[one, other] for one in old for other in new]
        return {"members": members, "packages": {"p": {"1": {}, "2": {}}}, "options": {"conflicts": conflicts}}

    few, many = (resolve(classes(count)) for count in (4, 16))
    assert few.lock is not None and many.lock is not None
    assert many.decisions <= 5 * few.decisions


def test_only_what_a_conflict_touches_is_locked_twice() -> None:
    lock = solved(
        {
            "root": {
                "requires": ["base"],
                "extras": {"cpu": ["torch<2"], "gpu": ["torch>=2"]},
            },
            "packages": {
                "base": {"1": {"requires": ["low"]}},
                "low": {"1": {}, "2": {}},
                "torch": {"1": {"requires": ["low"]}, "2": {"requires": ["low"]}},
            },
            "options": {"conflicts": [["root[cpu]", "root[gpu]"]]},
        }
    )
    assert [(package.name, package.version) for package in lock.packages] == [
        ("base", "1"),
        ("low", "2"),
        ("torch", "1"),
        ("torch", "2"),
    ]
    assert lock.forks == ()


def test_what_one_side_asks_for_does_not_decide_what_the_other_gets() -> None:
    lock = solved(
        {
            "root": {"extras": {"cpu": ["torch<2"], "gpu": ["torch"]}},
            "packages": {"torch": {"1": {}, "2": {}}},
            "options": {"conflicts": [["root[cpu]", "root[gpu]"]]},
        }
    )
    chosen = {extra: edges[0].version for extra, edges in lock.members[0].extras.items()}
    assert chosen == {"cpu": "1", "gpu": "2"}


def test_conflicts_that_meet_in_one_package_and_never_agree_are_too_many_at_some_point() -> None:
    extras = {f"e{number}": [f"p!={number}"] for number in range(24)}
    pairs = [[f"root[e{number}]", f"root[e{number + 1}]"] for number in range(0, 24, 2)]
    world = {
        "root": {"extras": extras},
        "packages": {"p": {str(number): {} for number in range(24)}},
        "options": {"conflicts": pairs},
    }
    with pytest.raises(EntangledConflicts, match="root"):
        resolve(world)


def test_two_active_sides_without_an_answer_are_named() -> None:
    outcome = resolve(
        {
            "root": {"extras": {"a": ["p<2"], "b": ["p"], "c": ["p>=2"], "d": ["p"]}},
            "packages": {"p": {"1": {}, "2": {}}},
            "options": {"conflicts": [["root[a]", "root[b]"], ["root[c]", "root[d]"]]},
        }
    )
    assert outcome.error is not None
    assert "`root[a]`" in outcome.error.message or "root[a] requires p<2" in outcome.error.message
    assert "root[c] requires p>=2" in outcome.error.message
