"""Trees and paths of locks whose graphs are long chains, or have more paths than can be counted."""

from __future__ import annotations

import itertools
import re

import pytest

from interlock.cli.documents import format_document
from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Lock
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import NormalizedName
from interlock.ops.showing.tree import MOST_LINES, TreeOptions, TreeTooLarge, build_tree, format_tree
from interlock.ops.showing.why import MOST_PATHS, Path, find_paths
from tests.core.lock.locks import lock_of, member, package

DEEP = 3000


def chain(length: int) -> Lock:
    return lock_of(*(member(f"m{n:04}", *([f"m{n - 1:04}"] if n else [])) for n in range(length)))


def tower(storeys: int) -> Lock:
    """Each member needs the two below it, so the paths to the lowest are as many as Fibonacci's rabbits."""
    return lock_of(
        *(member(f"m{n:04}", *(f"m{below:04}" for below in (n - 1, n - 2) if below >= 0)) for n in range(storeys))
    )


def everyone(lock: Lock) -> Selection:
    return Selection(members=tuple(MemberSelection(member=part.name) for part in lock.members))


def tree(lock: Lock, **options: object) -> str:
    nodes = build_tree(Graph(lock), everyone(lock), TreeOptions(universal=True, **options), None)  # type: ignore[arg-type]
    return format_tree(nodes)


def why(lock: Lock, name: str) -> tuple[tuple[Path, ...], bool]:
    return find_paths(Graph(lock), everyone(lock), NormalizedName(name))


def names(path: Path) -> list[str]:
    return [step.name for step in path.steps]


@pytest.mark.parametrize("invert", [False, True])
def test_a_chain_of_thousands_is_drawn(invert: bool) -> None:
    lock = chain(DEEP)
    top = f"m{DEEP - 1:04}" if not invert else "m0000"
    lines = tree(lock, roots=(NormalizedName(top),), invert=invert).splitlines()
    assert len(lines) == DEEP
    assert lines[-1].endswith("└── m0000" if not invert else f"└── m{DEEP - 1:04}")


def test_a_deep_tree_is_written_as_data_on_one_line() -> None:
    lock = chain(DEEP)
    top = NormalizedName(f"m{DEEP - 1:04}")
    nodes = build_tree(Graph(lock), everyone(lock), TreeOptions(universal=True, roots=(top,)), None)
    assert re.sub(r"\s", "", format_document({"roots": nodes})).count('"name":"m') == DEEP
    # How many levels the encoder takes differs by Python; so many it never does.
    deeper: dict[str, object] = {}
    for _ in range(100_000):
        deeper = {"name": "m", "needs": [deeper]}
    text = format_document({"roots": deeper})
    assert text.startswith('{"roots":{"name":"m","needs":[{"name":"m",') and text.count("\n") == 1
    assert text.count("{") == text.count("}") == 100_002
    while deeper:
        deeper = deeper["needs"][0]  # type: ignore[index]


def test_a_tower_is_drawn_once_and_not_again_and_again() -> None:
    assert len(tree(tower(60)).splitlines()) < 4 * 60
    with pytest.raises(TreeTooLarge, match=f"{MOST_LINES:,}"):
        tree(tower(60), repeat=True)
    assert tree(tower(60), repeat=True, depth=3)


def test_a_package_that_a_chain_of_thousands_needs() -> None:
    paths, more = why(chain(DEEP), "m0000")
    assert more
    assert len(paths) == MOST_PATHS
    assert max(len(path.steps) for path in paths) == MOST_PATHS + 1


def test_the_shortest_paths_of_each_member_come_first_however_many_there_are() -> None:
    paths, more = why(tower(60), "m0000")
    assert more
    assert len(paths) == MOST_PATHS
    shortest = {path.member: len(path.steps) - 1 for path in reversed(paths)}
    assert shortest == {f"m{n:04}": (n + 1) // 2 for n in range(1, 60)}


def test_all_paths_are_found_when_they_can_be_counted() -> None:
    """Against every way there is, tried one by one, in all graphs of four nodes, circles included."""
    nodes = ["m0000", "m0001", "m0002", "p"]
    ends = [(one, other) for one in nodes for other in nodes if one not in {other, "p"}]
    for chosen in itertools.product([False, True], repeat=len(ends)):
        needs = {pair for pair, there in zip(ends, chosen, strict=True) if there}
        members = [member(name, *sorted(o for n, o in needs if n == name)) for name in nodes[:3]]
        lock = lock_of(*members, package("p", "1.0"))
        ways = [
            list(way)
            for size in (1, 2, 3)
            for way in itertools.permutations(nodes[:3], size)
            if {*zip(way, (*way[1:], "p"), strict=True)} <= needs
        ]
        if not ways:
            continue
        paths, more = why(lock, "p")
        assert not more
        assert [names(path) for path in paths] == [
            [*way, "p"] for way in sorted(ways, key=lambda way: (way[0], len(way), way))
        ]
