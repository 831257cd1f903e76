"""Laws of the resolver, on small random worlds: nothing but a complete search is trusted to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Lock
from interlock.core.lock.select import walk
from interlock.core.selection import MemberSelection, Selection
from tests.core.resolver.bruteforce import complaints, is_solvable
from tests.core.resolver.strategies import ENVIRONMENTS, shuffled, single_worlds, universal_worlds
from tests.core.resolver.world import resolve

HERE = ENVIRONMENTS["linux-x86_64-3.12.4"]


def _problems(world: dict[str, Any], lock: Lock, environment: Mapping[str, str]) -> list[str]:
    """What is wrong with what the lock selects in an environment for all members that run there."""
    python = tuple(int(part) for part in environment["python_version"].split("."))
    selection = Selection(
        members=tuple(
            MemberSelection(member=member.name, extras=tuple(member.extras), groups=tuple(member.groups))
            for member in lock.members
            if not (member.requires_python.startswith(">=3.12") and python < (3, 12))
        )
    )
    reached = walk(Graph(lock), environment, selection)
    chosen = {str(name): [package.version for package in packages] for name, packages in reached.packages.items()}
    return complaints(world, environment, chosen, {str(name): set(found) for name, found in reached.extras.items()})


@given(single_worlds())
def test_a_solution_is_found_exactly_when_there_is_one(world: dict[str, Any]) -> None:
    outcome = resolve(world)
    assert (outcome.lock is not None) == is_solvable(world, HERE)
    if outcome.lock is not None:
        assert _problems(world, outcome.lock, HERE) == []
    else:
        assert outcome.error is not None
        assert outcome.error.message


@given(universal_worlds())
def test_one_lock_serves_every_environment(world: dict[str, Any]) -> None:
    outcome = resolve(world)
    solvable = {name: is_solvable(world, environment) for name, environment in ENVIRONMENTS.items()}
    assert (outcome.lock is not None) == all(solvable.values()), solvable
    if outcome.lock is not None:
        problems = {name: _problems(world, outcome.lock, values) for name, values in ENVIRONMENTS.items()}
        assert not any(problems.values()), problems


@given(universal_worlds())
def test_resolving_again_from_the_lock_changes_nothing(world: dict[str, Any]) -> None:
    first = resolve(world)
    if first.lock is None:
        return
    again = resolve(world, first.lock)
    assert again.data == first.data


@given(st.data())
def test_order_changes_nothing(data: st.DataObject) -> None:
    world = data.draw(universal_worlds())
    other = data.draw(shuffled(world))
    first, second = resolve(world), resolve(other)
    assert (first.lock is None) == (second.lock is None)
    if first.lock is not None:
        assert second.data == first.data
    else:
        assert first.error is not None
        assert second.error is not None
        assert second.error.message == first.error.message
