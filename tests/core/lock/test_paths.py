"""Shortest paths from members to packages, judged by walking all of them."""

from __future__ import annotations

from hypothesis import given

from interlock.core.lock.graph import Graph, Target, key_of
from interlock.core.lock.layout import encode_lock
from interlock.core.lock.lines import package_lines
from interlock.core.lock.model import Edge, Lock, LockedMember
from interlock.core.lock.paths import PathStep, Ways, all_of
from interlock.core.names import ExtraName, NormalizedName
from tests.core.lock.locks import chosen, edge, item, lock_of, locks, member, package


def _edges(target: Target, label: str) -> tuple[Edge, ...]:
    kind, _, name = label.partition(" ")
    if kind == "group":
        assert isinstance(target, LockedMember)
        return {str(key): edges for key, edges in target.groups.items()}[name]
    return target.extras.get(ExtraName(name), ()) if kind else target.dependencies


def _distances(graph: Graph, start: LockedMember) -> dict[tuple[str, str, str], int]:
    """By breadth, from everything of one member: in how many edges each part is reached."""
    labels = ["", *(f"extra {name}" for name in start.extras), *(f"group {name}" for name in start.groups)]
    layer: dict[object, tuple[Target, str]] = {(key_of(start), label): (start, label) for label in labels}
    found: dict[tuple[str, str, str], int] = {}
    seen, step = set(layer), 0
    while layer:
        step += 1
        after: dict[object, tuple[Target, str]] = {}
        for target, label in layer.values():
            for one in _edges(target, label):
                needed = graph.target(one)
                found.setdefault(key_of(needed), step)
                for extra in ("", *(f"extra {name}" for name in one.extras)):
                    if (key_of(needed), extra) not in seen:
                        seen.add((key_of(needed), extra))
                        after[key_of(needed), extra] = (needed, extra)
        layer = after
    return found


@given(locks())
def test_every_member_that_needs_a_package_has_a_path_and_none_is_shorter(lock: Lock) -> None:
    graph = Graph(lock)
    ways = Ways(graph, all_of(lock))
    distances = {one.name: _distances(graph, one) for one in lock.members}
    for target in lock.packages:
        found = {path.member: path for path in ways.to(target)}
        assert set(found) == {name for name, known in distances.items() if key_of(target) in known}
        for name, path in found.items():
            assert path.steps[0] == PathStep(name=name)
            assert (path.steps[-1].name, path.steps[-1].version) == (target.name, target.version)
            # An extra of its own that a part opens is an edge and no step.
            assert len(path.steps) - 1 <= distances[name][key_of(target)]


def test_a_path_says_by_which_extra_or_group_each_step_is_needed() -> None:
    lock = lock_of(
        member("web", edge("lib"), groups={"dev": ["tool[fast]"]}),
        member("lib", extras={"gpu": ["cuda"]}),
        package("tool", "1.0", "core", extras={"fast": ["speed"]}),
        package("core"),
        package("speed", "2.0"),
        package("cuda"),
    )
    ways = Ways(Graph(lock), all_of(lock))
    target = {one.name: one for one in lock.packages}
    (path,) = ways.to(target[NormalizedName("speed")])
    assert [(step.name, step.version, step.via) for step in path.steps] == [
        ("web", "", ""),
        ("tool", "1.0", "group dev"),
        ("speed", "2.0", "extra fast"),
    ]
    assert [path.member for path in ways.to(target[NormalizedName("cuda")])] == ["lib"]
    narrow = Ways(Graph(lock), chosen("web"))
    assert narrow.to(target[NormalizedName("cuda")]) == narrow.to(target[NormalizedName("speed")]) == ()
    assert {part.name for part in narrow.reached} == {"web", "lib"}


def test_all_sides_of_a_conflict_are_reached() -> None:
    lock = lock_of(
        member(
            "web",
            extras={
                "cpu": [edge("torch", "extra == 'web[cpu]'", version="1.0")],
                "gpu": [edge("torch", version="2.0")],
            },
        ),
        package("torch", "1.0"),
        package("torch", "2.0"),
        conflicts=((item("web", extra="cpu"), item("web", extra="gpu")),),
    )
    ways = Ways(Graph(lock), all_of(lock))
    assert [[path.member for path in ways.to(one)] for one in lock.packages] == [["web"], ["web"]]


@given(locks())
def test_a_package_is_at_its_line(lock: Lock) -> None:
    text = encode_lock(lock).decode()
    lines = text.splitlines()
    found = package_lines(text)
    for one in lock.packages:
        assert lines[found[one.name, one.version] - 1] == f'      "name": "{one.name}",'
        assert f'"version": "{one.version}"' in lines[found[one.name, one.version]]


def test_what_is_selected_twice_is_walked_once_and_an_edge_that_holds_nowhere_is_no_way() -> None:
    lock = lock_of(
        member("web", "lib", edge("never", "extra == 'web[gpu]'"), extras={"cpu": [], "gpu": []}),
        member("lib", extras={"all": ["lib[one]"], "one": ["deep"]}),
        package("deep"),
        package("never"),
        conflicts=((item("web", extra="cpu"), item("web", extra="gpu")),),
    )
    target = {one.name: one for one in lock.packages}
    ways = Ways(Graph(lock), chosen("web", "web", "lib[all]"))
    assert ways.to(target[NormalizedName("never")]) == ()
    (path,) = ways.to(target[NormalizedName("deep")])
    assert [(step.name, step.via) for step in path.steps] == [("lib", ""), ("deep", "extra one")], "no step to itself"
