"""Members beside packages of the same name."""

from __future__ import annotations

import msgspec

from interlock.core.members.asks import Ask, MemberAsks, Origin
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.relock.namesakes import namesakes, rename_namesakes, restore_names
from interlock.core.requirements.requirement import Requirement
from interlock.core.sources.source import Directory, Member, Registry, Source
from tests.core.lock.locks import edge, lock_of, member, package

A, B, C = NormalizedName("a"), NormalizedName("b"), NormalizedName("c")
RENAMED = NormalizedName("b (member)")


def ask(name: NormalizedName, source: Source | None = None) -> Ask:
    return Ask(requirement=Requirement(name), source=source, origin=Origin(member=A))


ASKS = (
    MemberAsks(
        name=A,
        path="a",
        dependencies=(ask(B, Member(B)), ask(C, Member(C)), ask(NormalizedName("p"))),
        extras={ExtraName("x"): (ask(B, Registry("pypi")),)},
        groups={GroupName("g"): (ask(B, Member(B)),)},
    ),
    MemberAsks(name=B, path="b"),
    MemberAsks(name=C, path="c"),
)


def test_a_member_is_renamed_where_it_is_meant_and_nowhere_else() -> None:
    names = namesakes(ASKS)
    assert names == {B}
    a, b, c = rename_namesakes(ASKS, names)
    assert [(one.requirement.name, one.source) for one in a.dependencies] == [
        (RENAMED, Member(RENAMED)),
        (C, Member(C)),
        ("p", None),
    ]
    assert [one.requirement.name for one in a.extras[ExtraName("x")]] == [B]
    assert [one.requirement.name for one in a.groups[GroupName("g")]] == [RENAMED]
    assert (b.name, c.name) == (RENAMED, C)


def test_in_the_lock_it_has_its_own_name_and_what_means_the_package_says_so() -> None:
    solved = lock_of(
        member("a", "b (member)", "c", extras={"x": ["b"]}, groups={"g": ["b (member)"]}, path="a"),
        member("b (member)", path="b"),
        package("b", "2.0", extras={"y": ["c"]}),
        package("c", "1.0", "b"),
    )
    lock = restore_names(solved, frozenset({B}))
    means_the_package = edge("b", version="2.0", source=Registry("pypi"))
    a, b = lock.members
    assert (a.name, b.name) == (A, B)
    assert a.dependencies == (edge("b"), edge("c"))
    assert a.extras == {"x": (means_the_package,)}
    assert a.groups == {"g": (edge("b"),)}
    _, c = lock.packages
    assert c.dependencies == (means_the_package,)
    assert lock.packages[0].extras == {"y": (edge("c"),)}


def test_an_edge_that_says_which_version_it_means_keeps_it() -> None:
    means = edge("b", version="1.0", source=Registry("own"))
    one, other = package("b", "1.0", source=Registry("own")), package("b", "2.0")
    lock = restore_names(lock_of(member("a", means), one, other), frozenset({B}))
    assert lock.members[0].dependencies == (means,)
    assert lock.packages == (one, other)
    again = restore_names(lock, frozenset({B}))
    assert again == msgspec.structs.replace(lock)


def test_a_package_without_a_version_stands_beside_the_member() -> None:
    tree = package("b", "", source=Directory(path="../b"), artifacts=())
    lock = restore_names(lock_of(member("a", "b", "b (member)"), member("b (member)"), tree), frozenset({B}))
    assert lock.members[0].dependencies == (edge("b"), edge("b", source=tree.source))
