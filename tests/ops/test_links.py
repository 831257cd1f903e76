"""Paths and trees follow what was asked for by the step before: equal to following every edge naively."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hypothesis import assume, given
from hypothesis import strategies as st

from interlock.core.lock.graph import Graph, Target
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.ops.showing.tree import Node, TreeOptions, build_tree
from interlock.ops.showing.why import find_paths
from tests.core.lock.locks import edge, lock_of, member, package

NAMES = ["m0", "m1", "p0", "p1", "p2"]
NEEDS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["", "", "[x]", "[y]", "[x,y]"])), max_size=2)
Steps = tuple[tuple[str, str, tuple[str, ...]], ...]


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    def table() -> list[str | Edge]:
        return [edge(name + extras) for name, extras in draw(NEEDS)]

    blocks: list[LockedMember | LockedPackage] = []
    for name in NAMES:
        extras = {"x": table(), "y": table()}
        if name.startswith("m"):
            blocks.append(member(name, *table(), extras=extras, groups={"g": table()}))
        else:
            blocks.append(package(name, "1.0", *table(), extras=extras))
    return lock_of(*blocks)


EVERYONE = Selection(
    members=(
        MemberSelection(member=NormalizedName("m0"), extras=(ExtraName("x"),)),
        MemberSelection(member=NormalizedName("m1"), groups=(GroupName("g"),)),
    )
)
CHOSEN = {"m0": {"", "extra x"}, "m1": {"", "group g"}}


class Naive:
    """A lock, asked by following its edges one by one."""

    def __init__(self, lock: Lock) -> None:
        self.targets: dict[str, Target] = {target.name: target for target in Graph(lock).targets()}
        self.seen: dict[str, set[str]] = {}
        waiting = [(name, label) for name, labels in CHOSEN.items() for label in labels]
        while waiting:
            name, label = waiting.pop()
            if label not in self.seen.setdefault(name, set()):
                self.seen[name].add(label)
                for one in self.table(name, label):
                    waiting += [(str(one.name), opened) for opened in asked(one)]

    def table(self, name: str, label: str) -> tuple[Edge, ...]:
        target = self.targets[name]
        kind, _, key = label.partition(" ")
        if kind == "extra":
            return target.extras.get(ExtraName(key), ())
        if kind == "group":
            return target.groups.get(GroupName(key), ()) if isinstance(target, LockedMember) else ()
        return target.dependencies

    def opened(self, name: str, labels: Iterable[str]) -> set[str]:
        """With all that these ask of their own package."""
        found = set(labels)
        while True:
            own = {
                more for label in found for one in self.table(name, label) if one.name == name for more in asked(one)
            }
            if own <= found:
                return found
            found |= own

    def needs(self, name: str, labels: Iterable[str]) -> list[tuple[str, Edge]]:
        """What is needed by label, each once."""
        found = [(label, one) for label in labels for one in self.table(name, label) if one.name != name]
        return list({(label, one.name, one.extras): (label, one) for label, one in found}.values())

    def paths(self, start: str, end: str) -> Iterator[Steps]:
        yield from self._paths((), ((start, frozenset(self.seen[start])),), end)

    def _paths(self, steps: Steps, states: tuple[tuple[str, frozenset[str]], ...], end: str) -> Iterator[Steps]:
        name, labels = states[-1]
        if steps and name == end:
            yield steps
        for label, one in self.needs(name, labels):
            after = frozenset(self._leading(one.name, self.opened(one.name, asked(one))))
            if not any(known == one.name and after <= self._leading(known, before) for known, before in states):
                step = (str(one.name), label, tuple(one.extras))
                yield from self._paths((*steps, step), (*states, (one.name, after)), end)

    def _leading(self, name: str, labels: Iterable[str]) -> set[str]:
        return {label for label in labels if self.needs(name, [label])}


def asked(one: Edge) -> set[str]:
    return {"", *(f"extra {extra}" for extra in one.extras)}


@given(locks(), st.sampled_from(NAMES[2:]))
def test_paths_are_those_that_a_walk_finds_step_by_step(lock: Lock, end: str) -> None:
    naive = Naive(lock)
    assume(end in naive.seen)
    paths, more = find_paths(Graph(lock), EVERYONE, NormalizedName(end))
    found = {(path.member, tuple((step.name, step.via, step.extras) for step in path.steps[1:])) for path in paths}
    assert len(found) == len(paths)
    expected = {(start, steps) for start in ("m0", "m1") if start in naive.seen for steps in naive.paths(start, end)}
    assert found <= expected if more else found == expected


@given(locks())
def test_a_tree_shows_what_each_line_asks_for(lock: Lock) -> None:
    naive = Naive(lock)

    def check(node: Node, labels: Iterable[str]) -> None:
        if node.repeated:
            return
        needs = naive.needs(node.name, naive.opened(node.name, labels))
        assert sorted((child.via, child.name, child.extras) for child in node.children) == sorted(
            (label, one.name, one.extras) for label, one in needs
        )
        for child in node.children:
            check(child, {"", *(f"extra {extra}" for extra in child.extras)})

    for root in build_tree(Graph(lock), EVERYONE, TreeOptions(universal=True), None):
        check(root, CHOSEN[root.name])


@given(locks(), st.sampled_from(NAMES[2:]))
def test_a_tree_upside_down_shows_who_asks_for_the_line_above(lock: Lock, end: str) -> None:
    naive = Naive(lock)
    assume(end in naive.seen)

    def check(node: Node) -> None:
        if node.repeated:
            return
        expected = sorted(
            (name, label)
            for name, labels in naive.seen.items()
            for label, one in naive.needs(name, labels)
            if one.name == node.name and (not node.via or node.via in naive.opened(node.name, asked(one)))
        )
        assert sorted((child.name, child.via) for child in node.children) == expected
        for child in node.children:
            check(child)

    options = TreeOptions(universal=True, invert=True, roots=(NormalizedName(end),))
    for root in build_tree(Graph(lock), EVERYONE, options, None):
        check(root)


def test_what_another_extra_needs_is_not_on_the_way() -> None:
    lock = lock_of(
        member("appcpu", "lib[cpu]"),
        member("appgpu", "lib[gpu]"),
        package("lib", "1.0", extras={"cpu": [edge("num")], "gpu": [edge("big")]}),
        package("num", "1.5"),
        package("big", "2.0"),
    )
    names = [NormalizedName("appcpu"), NormalizedName("appgpu")]
    selection = Selection(members=tuple(MemberSelection(member=name) for name in names))
    paths, _ = find_paths(Graph(lock), selection, NormalizedName("num"))
    assert [[step.name for step in path.steps] for path in paths] == [["appcpu", "lib", "num"]]
    options = TreeOptions(universal=True, invert=True, roots=(NormalizedName("num"),))
    (root,) = build_tree(Graph(lock), selection, options, None)
    assert [child.name for child in root.children[0].children] == ["appcpu"]
