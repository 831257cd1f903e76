"""The part of a lock that some slots need gives what the whole lock gives, and is a part of nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from interlock.core.lock.codec import decode_lock, encode_lock
from interlock.core.lock.model import Lock
from interlock.core.lock.part import Slots, concerns, part_of, slots_needed, slots_of
from interlock.core.lock.select import select
from interlock.core.members.asks import Ask, Inclusion, MemberAsks, Origin
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.sources.source import Member, Registry
from interlock.errors import EnvironmentFailure, UsageError
from tests.core.lock.locks import chosen, edge, item, lock_of, member, package, wheel
from tests.core.lock.workspaces import ENVIRONMENTS, Part, asked, lock_workspace, random_workspace, selections, wanted

A, B, C = NormalizedName("a"), NormalizedName("b"), NormalizedName("c")
X, Y = Slot(ExtraName("x")), Slot(ExtraName("y"))
G, H = Slot(None, GroupName("g")), Slot(None, GroupName("h"))


def part(workspace: Mapping[str, Any], lock: Lock, parts: Sequence[Part]) -> tuple[Lock, Slots]:
    slots = slots_needed(lock, asked(workspace), slots_of(wanted(parts)))
    conflicts = tuple(items for items in lock.inputs.conflicts if concerns(items, slots))
    return part_of(lock, slots, conflicts), slots


def given_by(lock: Lock, parts: Sequence[Part], values: Mapping[str, str]) -> list[tuple[str, str]] | None:
    """None where it is refused: of two reasons either may be told."""
    try:
        found = select(lock, values, wanted(parts), tags=("py3-none-any",))
    except (UsageError, EnvironmentFailure):
        return None
    return sorted((one.name, one.version) for one in found)


@given(st.integers(0, 1 << 20), st.data())
def test_a_part_gives_what_the_whole_gives(seed: int, data: st.DataObject) -> None:
    workspace = random_workspace(seed)
    assume(not any(needs_a_member(workspace)))
    lock = lock_workspace(workspace)
    assume(lock is not None)
    assert lock is not None
    parts = data.draw(st.sampled_from(selections(workspace, seed, 4)))
    small, slots = part(workspace, lock, parts)
    for name in data.draw(st.lists(st.sampled_from(sorted(ENVIRONMENTS)), min_size=1, max_size=3, unique=True)):
        whole = given_by(lock, parts, ENVIRONMENTS[name])
        event("refused" if whole is None else "selected")
        assert given_by(small, parts, ENVIRONMENTS[name]) == whole, name
    read = decode_lock(encode_lock(small))
    assert msgspec.structs.replace(read, format=small.format) == small
    assert part_of(small, slots, small.inputs.conflicts) == small, "a part of a part is the part"


def needs_a_member(workspace: Mapping[str, Any]) -> list[bool]:
    releases = [release for versions in workspace["packages"].values() for release in versions.values()]
    texts = [text for release in releases for text in release["requires"]]
    return [text.startswith(name) for text, name in product(texts, workspace["members"])]


def ask(name: NormalizedName, *extras: str, source: bool = True) -> Ask:
    requirement = Requirement(name, extras=tuple(map(ExtraName, extras)))
    return Ask(requirement=requirement, source=Member(name) if source else None, origin=Origin(member=A))


def test_a_slot_needs_what_the_lock_and_the_manifests_say() -> None:
    lock = lock_of(
        member("a", "p", extras={"x": [], "y": ["b[z]"]}, groups={"g": ["b"], "h": []}),
        member("b", extras={"z": ["p"]}),
        member("c", "p"),
        package("p"),
    )
    asks = [
        MemberAsks(
            name=A,
            path="a",
            dependencies=(ask(NormalizedName("p"), source=False),),
            extras={ExtraName("x"): (ask(C),)},
            groups={GroupName("h"): ()},
            includes={H.table: (Inclusion(extra=ExtraName("x")), Inclusion(group=GroupName("g")))},
        )
    ]
    assert slots_needed(lock, asks, slots_of(chosen(":a:h"))) == {
        "a": {PROJECT, X, G, H},
        "b": {PROJECT},
        "c": {PROJECT},
    }
    assert slots_needed(lock, [], {A: {Y}, NormalizedName("gone"): {PROJECT}}) == {
        "a": {PROJECT, Y},
        "b": {PROJECT, Slot(ExtraName("z"))},
    }


def test_what_another_member_left_in_a_lock_is_gone() -> None:
    """Versions of other forks, wheels for other Pythons, conditions on what is not there."""
    windows, linux = "sys_platform == 'win32'", "sys_platform != 'win32'"
    one = package("p", "1.0", markers=(windows,), artifacts=(wheel("p", "1.0"), wheel("p", "1.0", "cp311-cp311-win32")))
    two = package("p", "2.0", "q", markers=(linux,), extras={"e": ["q"]})
    narrow = member("a", edge("p", windows, version="1.0"), edge("p", linux, version="2.0"), extras={"x": ["q"]})
    wide = member("c", edge("p", version="2.0"), requires_python=">=3.12")
    whole = lock_of(narrow, wide, one, two, package("q"))
    small = part_of(whole, {C: {PROJECT}})
    assert small.requires_python == ">=3.12"
    assert [(one.name, one.version, one.markers) for one in small.packages] == [("p", "2.0", ()), ("q", "1.0", ())]
    assert small.members[0].dependencies == (edge("p"),)
    assert small.packages[0].extras == {}
    other = part_of(whole, {A: {PROJECT}})
    assert other.forks == (linux, windows)
    assert other.members[0].left_out == ("extra:x",)


@pytest.mark.parametrize("kept", [True, False])
def test_conflicts_are_kept_where_a_side_is(kept: bool) -> None:
    conflict = (item("a", extra="x"), item("a", extra="y"))
    whole = lock_of(
        member("a", edge("p", "extra == 'a[x]'"), extras={"x": [], "y": []}), package("p"), conflicts=(conflict,)
    )
    slots: Slots = {A: {PROJECT, X} if kept else {PROJECT}}
    assert concerns(conflict, slots) is kept
    small = part_of(whole, slots, (conflict,) if kept else ())
    assert [one.name for one in small.packages] == (["p"] if kept else [])
    assert small.format[0] == (2 if kept else 1)


def test_a_member_beside_a_package_of_its_name_says_which_is_meant() -> None:
    means = edge("b", version="2.0", source=Registry("pypi"))
    whole = lock_of(member("a", means, edge("b")), member("b"), package("b", "2.0"))
    small = part_of(whole, {A: {PROJECT}, B: {PROJECT}})
    assert small.members[0].dependencies == (edge("b"), means)
