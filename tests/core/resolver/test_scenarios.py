"""Every scenario of ``scenarios/*.toml``: one table each, with what must come of it.

``root`` or ``members``, ``packages``, ``direct`` and ``options`` are as in :mod:`tests.core.resolver.world`.
``expect`` has:

``versions``
    Everything in the lock, a list where a package has several versions.
``on``
    By environment (``linux-x86_64 3.12``): what all members with all extras and groups get there.
``select``
    The same for ``members``, ``extras`` and ``groups`` given, ``on`` an environment; ``project = false`` for groups
    without their members.
``message`` and ``hint``
    The whole text of the failure.
``notices``
    What is said of it though it stands, each with its code in front.
``refusal``
    The whole text of what explains a failure better: a package that needs what is declared to conflict.
``decisions``
    The most decisions that finding it may take.

``later`` changes the world, and ``later.upgrade`` frees pins; the first lock is then the starting point, and
``later.expect`` what must come of it. Every lock is resolved again and must stay as it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Lock
from interlock.core.lock.select import walk
from interlock.core.markers.environment import standard_environment
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, GroupName, normalize_name
from tests.core.resolver.world import Outcome, resolve

FOLDER = Path(__file__).with_name("scenarios")

Table = dict[str, Any]


def _scenarios() -> list[Any]:
    found = []
    for file in sorted(FOLDER.glob("*.toml")):
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        found += [pytest.param(table, id=f"{file.stem}: {name}") for name, table in document.items()]
    return found


@pytest.mark.parametrize("scenario", _scenarios())
def test_scenario(scenario: Table) -> None:
    outcome = resolve(scenario)
    _check(outcome, scenario["expect"], None)
    if outcome.lock is None:
        return
    again = resolve(scenario, outcome.lock)
    assert again.data == outcome.data, "a second resolution changes the lock"
    later = scenario.get("later")
    if later is not None:
        world = _merged(scenario, later)
        after = resolve(world, outcome.lock, later.get("upgrade", ()))
        _check(after, later["expect"], outcome.lock)


def test_there_are_enough() -> None:
    assert len(_scenarios()) >= 60


def _check(outcome: Outcome, expect: Table, before: Lock | None) -> None:
    known = {"versions", "on", "select", "message", "hint", "decisions", "forks", "notices", "refusal"}
    assert set(expect) <= known, set(expect) - known
    if "refusal" in expect:
        assert outcome.refusal is not None
        assert outcome.refusal.message == expect["refusal"].strip()
        return
    if "message" in expect:
        assert outcome.refusal is None
        assert outcome.error is not None, outcome.versions()
        assert outcome.error.message == expect["message"].strip()
        assert outcome.error.hint == expect["hint"].strip()
        return
    assert outcome.lock is not None, outcome.error
    wanted = {
        name: versions if isinstance(versions, list) else [versions] for name, versions in expect["versions"].items()
    }
    assert outcome.versions() == wanted
    for where, versions in expect.get("on", {}).items():
        assert _selected(outcome.lock, {"on": where}) == versions, where
    for selection in expect.get("select", []):
        assert _selected(outcome.lock, selection) == selection["versions"], selection
    assert outcome.decisions <= expect["decisions"]
    if "notices" in expect:
        assert outcome.said(before) == [" ".join(text.split()) for text in expect["notices"]]
    if "forks" in expect:
        assert list(outcome.lock.forks) == expect["forks"]


def _selected(lock: Lock, wanted: Mapping[str, Any]) -> dict[str, str]:
    platform, python = wanted["on"].split()
    members = []
    for member in lock.members:
        if member.name in {
            normalize_name(name) for name in wanted.get("members", [known.name for known in lock.members])
        }:
            extras = tuple(ExtraName(name) for name in wanted.get("extras", member.extras))
            groups = tuple(GroupName(name) for name in wanted.get("groups", member.groups))
            project = wanted.get("project", True)
            members.append(MemberSelection(member=member.name, project=project, extras=extras, groups=groups))
    reached = walk(Graph(lock), standard_environment(platform, python).as_dict(), Selection(members=tuple(members)))
    for name, packages in reached.packages.items():
        assert len(packages) == 1, name
    return {str(name): packages[0].version for name, packages in sorted(reached.packages.items())}


def _merged(world: Table, changes: Table) -> Table:
    """The world with the tables of ``later`` laid over its own, one level of packages deep."""
    found = dict(world)
    for key in ("root", "members", "options", "packages"):
        if key in changes:
            found[key] = _deep(world.get(key, {}), changes[key])
    return found


def _deep(one: Table, other: Table) -> Table:
    found = dict(one)
    for key, value in other.items():
        found[key] = _deep(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
    return found
