"""Which members reach what: equal to walking from each of them, and no slower for being a long chain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interlock.core.lock.components import components
from interlock.core.lock.graph import Graph, key_of
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.lock.reach import members_reaching
from interlock.core.names import NormalizedName
from tests.core.lock.locks import edge, lock_of, member, package
from tests.work import calls

NAMES = ["m0", "m1", "m2", "m3", "p0", "p1", "p2", "p3"]
NEEDS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["", "[x]", "[y]", "[x,y]"])), max_size=3).map(
    lambda pairs: [edge(name + extras) for name, extras in pairs]
)


@st.composite
def graphs(draw: st.DrawFn) -> Lock:
    """Members and packages that need each other with and without extras, in circles too."""
    blocks: list[LockedMember | LockedPackage] = []
    for name in NAMES:
        extras: dict[str, list[str | Edge]] = {"x": [*draw(NEEDS)], "y": [*draw(NEEDS)]}
        if name.startswith("m"):
            blocks.append(member(name, *draw(NEEDS), extras=extras, groups={"g": [*draw(NEEDS)]}))
        else:
            blocks.append(package(name, "1.0", *draw(NEEDS), extras=extras))
    return lock_of(*blocks)


def walked(lock: Lock, name: NormalizedName) -> set[str]:
    """The names that a member reaches, by recursion over every edge, and its own."""
    graph = Graph(lock)
    seen: set[tuple[str, str]] = set()

    def follow(edges: tuple[Edge, ...]) -> None:
        for one in edges:
            target = graph.target(one)
            for extra in ("", *one.extras):
                if (target.name, extra) not in seen:
                    seen.add((target.name, extra))
                    follow(target.extras.get(extra, ()) if extra else target.dependencies)  # type: ignore[call-overload]

    start = graph.members[name]
    for edges in (start.dependencies, *start.extras.values(), *start.groups.values()):
        follow(edges)
    return {name, *(reached for reached, _ in seen)}


@given(graphs())
def test_members_reach_what_a_walk_from_each_of_them_comes_by(lock: Lock) -> None:
    found = members_reaching(lock)
    reached = {one.name: walked(lock, one.name) for one in lock.members}
    for target in Graph(lock).targets():
        assert found[key_of(target)] == tuple(sorted(name for name in reached if target.name in reached[name]))


def chain_of(length: int) -> Lock:
    names = [f"m{number:04}" for number in range(length)]
    links = [member(name, *names[number + 1 : number + 2]) for number, name in enumerate(names)]
    return lock_of(*links, package("end", "1.0"))


def test_a_chain_of_thousands_of_members_takes_work_in_proportion() -> None:
    lock = chain_of(3000)
    found = members_reaching(lock)
    assert len(found[(NormalizedName("m2999"), "", "member")]) == 3000
    assert found[(NormalizedName("m0001"), "", "member")] == ("m0000", "m0001")
    half = chain_of(1500)
    assert calls(lambda: members_reaching(lock)) < 2.2 * calls(lambda: members_reaching(half))


@given(st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=4)))
def test_components_are_what_reaches_each_other_and_lead_on(following: dict[int, list[int]]) -> None:
    def reaches(start: int) -> set[int]:
        seen, waiting = {start}, [start]
        while waiting:
            for after in following.get(waiting.pop(), ()):
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        return seen

    found = components(range(8), following)
    place = {node: number for number, component in enumerate(found) for node in component}
    assert sorted(place) == list(range(8))
    for one in range(8):
        for other in reaches(one):
            assert (place[one] == place[other]) == (one in reaches(other))
            assert place[one] <= place[other]
