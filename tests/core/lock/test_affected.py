"""Whom a difference between two locks reaches: exactly those whose closure is another one."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.lock.affected import reached_by_changes
from interlock.core.lock.graph import Graph
from interlock.core.lock.layout import edge_order
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.names import ExtraName, GroupName
from tests.core.lock.locks import edge, lock_of, member, package, wheel
from tests.core.lock.test_reach import NAMES, NEEDS, graphs, walked


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Lock, Lock]:
    """A lock, and the same with a few blocks that say something else."""
    old = draw(graphs())
    blocks: dict[str, LockedMember | LockedPackage] = {}
    blocks |= {one.name: one for one in old.members}
    blocks |= {one.name: one for one in old.packages}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)):
        block = blocks[name]
        table = draw(st.sampled_from(["dependencies", "extras", "groups", "artifacts", "requires_python", "nothing"]))
        edges = tuple(sorted(draw(NEEDS), key=edge_order))
        if table == "dependencies":
            blocks[name] = msgspec.structs.replace(block, dependencies=edges)
        elif table == "extras":
            blocks[name] = msgspec.structs.replace(block, extras={**block.extras, ExtraName("x"): edges})
        elif table == "requires_python":
            blocks[name] = msgspec.structs.replace(block, requires_python=">=3.12")
        elif table == "groups" and isinstance(block, LockedMember):
            blocks[name] = msgspec.structs.replace(block, groups={GroupName("g"): edges})
        elif table == "artifacts" and isinstance(block, LockedPackage):
            blocks[name] = msgspec.structs.replace(block, artifacts=(wheel(name, "1.0", build="2"),))
    return old, lock_of(*blocks.values())


def closure(lock: Lock, name: str) -> dict[str, object]:
    """Everything that a member reaches, with all that is said of it; groups are their member's own business."""
    graph = Graph(lock)
    found: dict[str, object] = {}
    for reached in walked(lock, graph.members[name].name):  # type: ignore[index]
        target = graph.target(edge(reached))
        edges = _in_order(target.dependencies), {key: _in_order(value) for key, value in target.extras.items()}
        groups = target.groups if isinstance(target, LockedMember) and reached == name else {}
        artifacts = target.artifacts if isinstance(target, LockedPackage) else ()
        grouped = {key: _in_order(value) for key, value in groups.items()}
        found[reached] = edges, grouped, artifacts, target.requires_python
    return found


def _in_order(edges: Iterable[Edge]) -> list[Edge]:
    return sorted(edges, key=edge_order)


@given(pairs())
def test_the_members_whose_closure_changed_are_named_and_no_others(locks: tuple[Lock, Lock]) -> None:
    old, new = locks
    found = reached_by_changes(old, new)
    names = [one.name for one in new.members]
    assert set(found) == {name for name in names if closure(old, name) != closure(new, name)}
    assert list(found) == sorted(found)
    assert all(list(because) == sorted(set(because)) for because in found.values())


def test_what_is_no_member_any_more_is_not_named() -> None:
    old = lock_of(member("a", "p"), member("gone", "p"), package("p", "1.0"))
    new = lock_of(member("a", "p"), package("p", "2.0"))
    assert reached_by_changes(old, new) == {"a": ("a", "p")}
