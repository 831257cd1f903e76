"""What is active with a selection where there is less than it names, and who is told of a clash."""

from __future__ import annotations

import pytest

from interlock.core.lock.conflicts import ConflictingSelection, activity
from interlock.core.lock.graph import Graph
from interlock.core.lock.part import part_of, slots_of
from interlock.core.markers.diagram import FALSE, TRUE
from tests.core.lock.locks import chosen, edge, item, lock_of, member, package

X, Y = item("a", extra="x"), item("a", extra="y")
LOCK = lock_of(member("a", extras={"x": [], "y": []}), conflicts=((X, Y),))


def test_a_member_that_is_not_there_leads_to_nothing() -> None:
    active = activity(Graph(LOCK), chosen("gone"))
    assert (active.where(X), active.where(Y)) == (FALSE, FALSE)
    with pytest.raises(ConflictingSelection) as caught:
        activity(Graph(LOCK), chosen("gone", "a[x,y]")).refuse()
    assert caught.value.facts["paths"] == [["a[x]"], ["a[y]"]]


def test_what_somebody_else_brings_stands_for_itself_when_a_clash_is_told() -> None:
    active = activity(Graph(LOCK), chosen("a[y]"), {X: TRUE})
    with pytest.raises(ConflictingSelection) as caught:
        active.refuse()
    assert caught.value.facts["paths"] == [["a[x]"], ["a[y]"]]


def test_an_edge_to_a_member_that_never_runs_is_in_no_part() -> None:
    lock = lock_of(member("a", "b", edge("c")), member("b", requires_python="<3.11"), package("c"))
    part = part_of(lock, slots_of(chosen("a")), ())
    (small,) = part.members
    assert [one.name for one in small.dependencies] == ["c"]
