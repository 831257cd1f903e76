"""Merging locks by meaning: what is sound without resolving, and what two sides still share when nothing is."""

from __future__ import annotations

import pytest

from interlock.core.lock.codec import LockCorrupt, encode_lock
from interlock.core.lock.merge import Sides, has_conflicts, merge_locks, shared_pins, split_conflicts
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Registry


def _name(text: str) -> NormalizedName:
    return NormalizedName(text)


def _package(name: str, version: str, *needs: str) -> LockedPackage:
    edges = tuple(Edge(name=_name(need)) for need in needs)
    return LockedPackage(name=_name(name), version=version, source=Registry("pypi"), dependencies=edges)


def _member(name: str, *needs: str) -> LockedMember:
    edges = tuple(Edge(name=_name(need)) for need in needs)
    return LockedMember(name=_name(name), path=name, inputs={"dependencies": "-".join(needs)}, dependencies=edges)


def _lock(members: list[LockedMember], packages: list[LockedPackage], forks: tuple[str, ...] = ()) -> Lock:
    return Lock(members=tuple(members), packages=tuple(packages), forks=forks)


BASE = _lock([_member("a", "x"), _member("b", "x")], [_package("x", "1")])


def _versions(lock: Lock) -> list[tuple[str, str]]:
    return [(package.name, package.version) for package in lock.packages]


def test_changes_to_different_members_are_joined() -> None:
    ours = _lock([_member("a", "x", "y"), _member("b", "x")], [_package("x", "1"), _package("y", "1")])
    theirs = _lock([_member("a", "x"), _member("b", "x", "z")], [_package("x", "1"), _package("z", "1", "x")])
    merged = merge_locks(BASE, ours, theirs)
    assert merged is not None
    assert _versions(merged) == [("x", "1"), ("y", "1"), ("z", "1")]
    assert merged.members == (ours.members[0], theirs.members[1])


def test_a_new_edge_to_what_the_other_side_moved_needs_a_resolution() -> None:
    ours = _lock([_member("a", "x"), _member("b", "x")], [_package("x", "2")])
    theirs = _lock([_member("a", "x"), _member("b", "x", "z")], [_package("x", "1"), _package("z", "1", "x")])
    assert merge_locks(BASE, ours, theirs) is None


def test_both_sides_may_move_different_packages() -> None:
    base = _lock([_member("a", "x"), _member("b", "y")], [_package("x", "1"), _package("y", "1")])
    ours = _lock(list(base.members), [_package("x", "2"), _package("y", "1")])
    theirs = _lock(list(base.members), [_package("x", "1"), _package("y", "2")])
    merged = merge_locks(base, ours, theirs)
    assert merged is not None
    assert _versions(merged) == [("x", "2"), ("y", "2")]


def test_the_same_member_changed_twice_needs_a_resolution() -> None:
    ours = _lock([_member("a", "y"), _member("b", "x")], [_package("x", "1"), _package("y", "1")])
    theirs = _lock([_member("a", "z"), _member("b", "x")], [_package("x", "1"), _package("z", "1")])
    assert merge_locks(BASE, ours, theirs) is None


def test_what_nothing_leads_to_any_more_is_left_out() -> None:
    base = _lock([_member("a", "x"), _member("b", "x")], [_package("x", "1")])
    ours = _lock([_member("a"), _member("b", "x")], [_package("x", "1")])
    theirs = _lock([_member("a", "x"), _member("b")], [_package("x", "1")])
    merged = merge_locks(base, ours, theirs)
    assert merged is not None
    assert _versions(merged) == []


def test_an_edge_without_a_target_needs_a_resolution() -> None:
    ours = _lock([_member("a", "x", "gone"), _member("b", "x")], [_package("x", "1")])
    assert merge_locks(BASE, ours, BASE) is None


def test_pins_of_both_sides_are_kept_and_changed_ones_come_first() -> None:
    base = _lock([], [_package("x", "1"), _package("y", "1")])
    ours = _lock([], [_package("x", "1"), _package("y", "2")], forks=("os_name == 'nt'",))
    theirs = _lock([], [_package("x", "1"), _package("y", "1"), _package("z", "1")])
    pins = shared_pins(Sides(base, ours, theirs))
    assert _versions(pins) == [("x", "1"), ("y", "2"), ("y", "1"), ("z", "1")]
    assert pins.forks == ()
    assert _versions(shared_pins(Sides(None, theirs, theirs))) == _versions(theirs)


def _conflicted(ours: Lock, base: Lock | None, theirs: Lock) -> bytes:
    middle = b"||||||| base\n" + encode_lock(base) if base is not None else b""
    return b"<<<<<<< ours\n" + encode_lock(ours) + middle + b"=======\n" + encode_lock(theirs) + b">>>>>>> theirs\n"


@pytest.mark.parametrize("base", [None, BASE])
def test_conflict_markers_are_taken_apart(base: Lock | None) -> None:
    theirs = _lock([_member("a", "x")], [_package("x", "2")])
    data = _conflicted(BASE, base, theirs)
    assert has_conflicts(data)
    assert not has_conflicts(encode_lock(BASE))
    assert split_conflicts(data) == Sides(base, BASE, theirs)


def test_lines_around_a_conflict_belong_to_both_sides() -> None:
    text = encode_lock(BASE).decode().splitlines(keepends=True)
    at = next(number for number, line in enumerate(text) if '"version": "1"' in line)
    theirs = text[at].replace('"1"', '"2"')
    text[at : at + 1] = ["<<<<<<< a\n", text[at], "=======\n", theirs, ">>>>>>> b\n"]
    sides = split_conflicts("".join(text).encode())
    assert _versions(sides.ours) == [("x", "1")]
    assert _versions(sides.theirs) == [("x", "2")]


def test_a_conflict_without_an_end_is_refused() -> None:
    with pytest.raises(LockCorrupt, match="no end"):
        split_conflicts(b"<<<<<<< ours\n" + encode_lock(BASE))
