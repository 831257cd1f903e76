"""A lock made without resolving is the lock that resolving gives, to the byte; where that is not sure, none is made."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interlock.core.freshness import Stale
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.model import Lock
from interlock.core.lock.splice import splice
from interlock.core.names import NormalizedName
from tests.core.resolver.strategies import universal_worlds
from tests.core.resolver.world import problem_of, resolve, solved

_BOUND = re.compile(r"[=<>!]=?\d\.\d(?=$| ;)")
_RESTS = ["[x]", "[e]", ">=1.0", "<4.0", "!=2.0", " ; sys_platform == 'linux'", " ; python_version >= '3.12'"]


def _reasons(before: dict[str, Any], after: dict[str, Any], name: str) -> list[Stale]:
    """What has changed, as comparing the digests of a member would tell."""
    member, keys = NormalizedName(name), []
    if before["requires"] != after["requires"]:
        keys.append("dependencies")
    for table, key in (("extras", "optional-dependencies"), ("groups", "dependency-groups")):
        one, other = before.get(table, {}), after.get(table, {})
        keys += [f"{key}.{entry}" for entry in sorted({*one, *other}) if one.get(entry) != other.get(entry)]
    return [Stale(member=member, key=key, kind="changed") for key in keys]


def _spliced(world: dict[str, Any], lock: Lock, reasons: list[Stale]) -> Lock | None:
    return splice(lock, problem_of(world, lock), reasons, {member.name: member.inputs for member in lock.members})


@st.composite
def _worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Worlds with few bounds, so that most have a solution."""
    world = draw(universal_worlds())

    def loose(texts: list[str]) -> list[str]:
        return [text if draw(st.integers(0, 7)) == 0 else _BOUND.sub("", text) for text in texts]

    tables = [*world["members"].values(), *(release for one in world["packages"].values() for release in one.values())]
    for table in tables:
        table["requires"] = loose(table["requires"])
        for key in ("extras", "groups"):
            if key in table:
                table[key] = {name: loose(texts) for name, texts in table[key].items()}
    return world


@st.composite
def _changes(draw: st.DrawFn) -> tuple[Lock, dict[str, Any], list[Stale]]:
    """A lock, and the world with one member asking for something else: mostly for what is locked already."""
    world = draw(_worlds())
    lock = resolve(world).lock
    assume(lock is not None)
    assert lock is not None
    changed = copy.deepcopy(world)
    name = draw(st.sampled_from(sorted(world["members"])))
    member = changed["members"][name]
    locked = [package.name for package in lock.packages] + sorted(world["members"])
    for _ in range(draw(st.integers(1, 3))):
        tables = [member["requires"], *member.get("extras", {}).values(), *member.get("groups", {}).values()]
        table = draw(st.sampled_from(tables))
        if table and draw(st.integers(0, 2)) == 0:
            table.pop(draw(st.integers(0, len(table) - 1)))
        else:
            rest = draw(st.sampled_from(_RESTS))
            asked = draw(st.sampled_from([*locked, "p0"])) + (rest if draw(st.booleans()) else "")
            table.insert(draw(st.integers(0, len(table))), asked)
    return lock, changed, _reasons(world["members"][name], member, name)


@given(_changes())
def test_splicing_gives_what_resolving_gives(change: tuple[Lock, dict[str, Any], list[Stale]]) -> None:
    lock, changed, reasons = change
    fast = _spliced(changed, lock, reasons)
    if fast is not None:
        slow = resolve(changed, lock)
        assert slow.lock is not None, slow.error
        assert encode_lock(fast).decode() == slow.data.decode()


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
    return changed, _reasons(_WORLD["members"][name], changed["members"][name], name)


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
    changed, reasons = _with(name, **tables)
    fast = _spliced(changed, lock, reasons)
    assert fast is not None
    assert encode_lock(fast) == resolve(changed, lock).data


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("app", {"requires": ["a", "f"]}),  # new to the lock
        ("app", {"requires": ["a<2"]}),  # another version
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
    changed, reasons = _with(name, **tables)
    fast = _spliced(changed, lock, reasons)
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
    assert _spliced(_WORLD, lock, [reason]) is None
