"""Random worlds, their locks, and one member that asks for something else."""

from __future__ import annotations

import copy
import re
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from interlock.core.lock.codec import encode_lock
from interlock.core.lock.freshness import Stale
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from tests.core.resolver.strategies import universal_worlds
from tests.core.resolver.world import resolve

__all__ = ["changes", "reasons"]

_BOUND = re.compile(r"[=<>!]=?\d\.\d(?=$| ;)")
_RESTS = ["[x]", "[e]", ">=1.0", "<4.0", "!=2.0", " ; sys_platform == 'linux'", " ; python_version >= '3.12'"]


def reasons(before: dict[str, Any], after: dict[str, Any], name: str) -> list[Stale]:
    """What has changed, as comparing the digests of a member would tell."""
    member, keys = NormalizedName(name), []
    if before["requires"] != after["requires"]:
        keys.append("dependencies")
    for table, key in (("extras", "optional-dependencies"), ("groups", "dependency-groups")):
        one, other = before.get(table, {}), after.get(table, {})
        keys += [f"{key}.{entry}" for entry in sorted({*one, *other}) if one.get(entry) != other.get(entry)]
    return [Stale(member=member, key=key, kind="changed") for key in keys]


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
def changes(draw: st.DrawFn, *, newcomers: bool = False) -> tuple[Lock, dict[str, Any], list[Stale]]:
    """A lock, and the world with one member asking for something else: mostly for what is locked already."""
    world = draw(_worlds())
    lock = resolve(world).lock
    assume(lock is not None)
    assert lock is not None
    changed = copy.deepcopy(world)
    name = draw(st.sampled_from(sorted(world["members"])))
    member = changed["members"][name]
    locked = [package.name for package in lock.packages] + sorted(world["members"])
    if newcomers:
        locked = sorted(set(world["packages"]) - set(locked)) or locked
    for _ in range(draw(st.integers(1, 3))):
        tables = [member["requires"], *member.get("extras", {}).values(), *member.get("groups", {}).values()]
        table = draw(st.sampled_from(tables))
        if table and draw(st.integers(0, 2)) == 0:
            table.pop(draw(st.integers(0, len(table) - 1)))
        else:
            rest = draw(st.sampled_from(_RESTS))
            asked = draw(st.sampled_from([*locked, "p0"])) + (rest if draw(st.booleans()) else "")
            table.insert(draw(st.integers(0, len(table))), asked)
    return lock, changed, reasons(world["members"][name], member, name)


def assert_as_resolved(fast: Lock, changed: dict[str, Any], lock: Lock) -> None:
    """That a lock made the short way has the bytes of the one that resolving everything gives."""
    slow = resolve(changed, lock)
    assert slow.lock is not None, slow.error
    assert encode_lock(fast).decode() == slow.data.decode()
