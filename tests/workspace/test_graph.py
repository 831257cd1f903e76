from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.names import NormalizedName
from interlock.workspace.discovery import discover
from interlock.workspace.graph import Graph, MemberCycle, member_graph
from tests.trees import project, write

BUILD = '[build-system]\nrequires = ["hatchling", {}]\nbuild-backend = "hatchling.build"'


def graph(base: Path, **members: str) -> Graph:
    root = '[tool.uv.workspace]\nmembers = ["*"]\n'
    return member_graph(discover(write(base, **{"root": root, **members})))


def names(*texts: str) -> tuple[NormalizedName, ...]:
    return tuple(NormalizedName(text) for text in texts)


def test_dependencies_are_known_by_kind(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        a=project(
            "a",
            'dependencies = ["b", "other", "a"]',
            'optional-dependencies = {x = ["c"]}',
            '[dependency-groups]\ndev = [{include-group = "t"}]\nt = ["D"]\nbad = ["no way!"]',
            BUILD.replace("{}", '"e>=1"'),
        ),
        b=project("b"),
        c=project("c"),
        d=project("d"),
        e=project("e"),
    )
    (a,) = names("a")
    assert [(item.needs, item.kind, item.label) for item in found.needs(a)] == [
        ("b", "runtime", ""),
        ("c", "extra", "x"),
        ("d", "group", "dev"),
        ("d", "group", "t"),
        ("e", "build", ""),
    ]


def test_order_puts_what_is_needed_first(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        app=project("app", 'dependencies = ["lib", "core"]'),
        lib=project("lib", 'dependencies = ["core"]'),
        core=project("core", '[dependency-groups]\ndev = ["app"]'),
        alone=project("alone"),
    )
    assert found.levels() == (names("alone", "core"), names("lib"), names("app"))
    assert found.order() == names("alone", "core", "lib", "app")
    assert found.dependencies_of(names("lib"), frozenset({"runtime"})) == set(names("lib", "core"))
    assert found.dependents_of(names("core"), frozenset({"runtime"})) == set(names("core", "lib", "app"))
    assert found.dependencies_of(names("core")) == set(names("core", "lib", "app"))


def test_a_cycle_is_named(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        a=project("a", 'dependencies = ["c"]'),
        b=project("b", 'dependencies = ["a"]'),
        c=project("c", 'dependencies = ["b"]'),
        d=project("d", 'dependencies = ["a"]'),
    )
    with pytest.raises(MemberCycle, match="a -> c -> b -> a") as caught:
        found.order()
    assert caught.value.cycle == names("a", "c", "b", "a")
    assert found.order(frozenset({"build"})) == names("a", "b", "c", "d")
