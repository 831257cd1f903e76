"""Laws of the resolver, on small random worlds: nothing but a complete search is trusted to judge it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from interlock.core.lock.codec import decode_lock
from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Lock
from interlock.core.lock.select import walk
from interlock.core.members.selection import MemberSelection, Selection
from tests.core.resolver.bruteforce import Everything, complaints, is_solvable
from tests.core.resolver.strategies import ENVIRONMENTS, shuffled, single_worlds, universal_worlds
from tests.core.resolver.wild import ENVIRONMENTS as WILD_ENVIRONMENTS
from tests.core.resolver.wild import wild_world
from tests.core.resolver.world import resolve

HERE = ENVIRONMENTS["linux-x86_64-3.12.4"]


def _problems(
    everything: Everything, lock: Lock, values: Mapping[str, str], left_out: Collection[str] = ()
) -> list[str]:
    """What is wrong with what the lock selects in an environment for all members that run there."""
    members = []
    for member in lock.members:
        runs = SpecifierSet(member.requires_python).contains(values["python_full_version"], prereleases=True)
        if not runs:
            continue
        name, extras = member.name, tuple(extra for extra in member.extras if f"{member.name}[{extra}]" not in left_out)
        groups = tuple(group for group in member.groups if f"{name}:{group}" not in left_out)
        if name not in left_out:
            members.append(MemberSelection(member=name, extras=extras, groups=groups))
        elif groups:
            members.append(MemberSelection(member=name, project=False, groups=groups))
    reached = walk(Graph(lock), values, Selection(members=tuple(members)))
    chosen = {str(name): [package.version for package in packages] for name, packages in reached.packages.items()}
    on = {str(name): found for name, found in reached.extras.items()}
    return complaints(everything, values, chosen, {name: set(found) for name, found in on.items()}, left_out)


@given(single_worlds())
def test_a_solution_is_found_exactly_when_there_is_one(world: dict[str, Any]) -> None:
    outcome = resolve(world)
    everything = Everything(world, {"here": HERE})
    assert (outcome.lock is not None) == is_solvable(everything, HERE)
    if outcome.lock is not None:
        assert _problems(everything, outcome.lock, HERE) == []
    else:
        assert outcome.error is not None
        assert outcome.error.message


@given(universal_worlds())
def test_one_lock_serves_every_environment(world: dict[str, Any]) -> None:
    _judge(world, ENVIRONMENTS)


@given(st.integers(0, 2**32))
@example(269320284)
@example(743987092)
@example(1289969973)
@example(3514558531)
@example(3987971587)
@example(2834842934)
@example(234831381)
@example(936)
@example(2537)
@example(756)
@example(2243)
@example(3913)
@example(2506)
@example(602441)
@example(1009682)
# Of those below each reaches something that the others do not.
@example(344957)
@example(286675)
@example(363220)
@example(175994)
@example(25749)
@example(930117)
def test_one_lock_serves_every_environment_of_a_wild_world(seed: int) -> None:
    _judge(wild_world(seed), WILD_ENVIRONMENTS)


def _judge(world: dict[str, Any], environments: Mapping[str, Mapping[str, str]]) -> None:
    """There is a lock exactly when all that may be selected together has a solution everywhere; then it holds one."""
    everything = Everything(world, environments)
    outcome = resolve(world)
    cases = [(name, left_out) for name in everything.environments for left_out in _left_out(world)]
    unsolvable = [
        (name, left_out)
        for name, left_out in itertools.product(everything.distinct(), _left_out(world))
        if not is_solvable(everything, environments[name], left_out)
    ]
    assert (outcome.lock is not None) == (not unsolvable), unsolvable or str(outcome.error)
    if outcome.lock is not None:
        for package in outcome.lock.packages:
            assert all(len(artifact.sha256) == 64 for artifact in package.artifacts), package.name
        for name, left_out in cases:
            assert _problems(everything, outcome.lock, environments[name], left_out) == [], (name, left_out)


def _left_out(world: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Of each set of conflicting parts at most one is selected."""
    sides = [
        [tuple(item for item in items if item != chosen) for chosen in (*items, None)]
        for items in world.get("options", {}).get("conflicts", ())
    ]
    for choice in itertools.product(*sides):
        yield tuple(item for side in choice for item in side)


@given(universal_worlds())
def test_resolving_again_from_the_lock_changes_nothing(world: dict[str, Any]) -> None:
    first = resolve(world)
    if first.lock is None:
        return
    again = resolve(world, first.lock)
    assert again.data == first.data


@given(st.integers(0, 2**32))
@example(125)
@example(473)
@example(894)
@example(1554)
@example(103270)
@example(523)
@example(1001)
@example(1577142)
@example(38854)
@example(259532)
@example(395870)
def test_resolving_a_wild_world_again_changes_nothing(seed: int) -> None:
    world = wild_world(seed)
    first = resolve(world)
    if first.lock is None:
        return
    assert decode_lock(first.data) == first.lock
    again = resolve(world, first.lock)
    assert again.data == first.data


@given(st.data())
def test_order_changes_nothing(data: st.DataObject) -> None:
    world = data.draw(universal_worlds() | st.integers(0, 2**32).map(wild_world))
    other = data.draw(shuffled(world))
    first, second = resolve(world), resolve(other)
    assert (first.lock is None) == (second.lock is None)
    if first.lock is not None:
        assert second.data == first.data
    else:
        assert first.error is not None
        assert second.error is not None
        assert second.error.message == first.error.message
