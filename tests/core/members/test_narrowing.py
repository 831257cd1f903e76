"""Members locked for the Pythons on which what they need can be had."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from interlock.core.members.asks import Ask, MemberAsks, Origin
from interlock.core.members.narrowing import Narrowed, Narrowing, describe_narrowings, everywhere, narrow, narrow_to
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.sources.source import Member

PYTHONS = [f"3.{minor}" for minor in range(9, 16)]


def ask(text: str, *, marker: str = "", extra: str = "") -> Ask:
    name = NormalizedName(text)
    extras = (ExtraName(extra),) if extra else ()
    return Ask(
        requirement=Requirement(name, "", marker, extras),
        source=Member(name),
        origin=Origin(member=NormalizedName("x")),
    )


def member(
    name: str,
    python: str,
    *needs: Ask,
    extra: tuple[Ask, ...] | None = None,
    group: tuple[Ask, ...] | None = None,
) -> MemberAsks:
    return MemberAsks(
        name=NormalizedName(name),
        path=name,
        requires_python=python,
        dependencies=needs,
        extras={ExtraName("x"): extra} if extra is not None else {},
        groups={GroupName("g"): group} if group is not None else {},
    )


def ranges(members: tuple[MemberAsks, ...]) -> dict[str, str]:
    found = {str(one.name): one.requires_python for one in members}
    for one in members:
        found |= {f"{one.name} {table}": text for table, text in one.table_pythons.items()}
    return found


def told(found: tuple[Narrowing, ...]) -> list[str]:
    return list(describe_narrowings(found))


def test_who_needs_a_member_with_a_narrower_range_is_locked_for_that_and_who_needs_it_in_turn() -> None:
    members, found, _ = narrow(
        [
            member("a", ">=3.10", ask("b")),
            member("b", ">=3.11,<4", ask("c")),
            member("c", ">=3.12"),
            member("d", ">=3.9"),
        ]
    )
    assert ranges(members) == {"a": ">=3.12,<4.0", "b": ">=3.12,<4.0", "c": ">=3.12", "d": ">=3.9"}
    assert told(found) == ["a, b need c, which needs Python >=3.12: locked for Python >=3.12,<4.0 only."]


def test_an_extra_or_a_group_is_narrowed_alone() -> None:
    members, found, _ = narrow([member("a", ">=3.10", extra=(ask("b"),), group=(ask("b"),)), member("b", ">=3.12")])
    assert ranges(members) == {"a": ">=3.10", "b": ">=3.12", "a extra:x": ">=3.12", "a group:g": ">=3.12"}
    assert told(found) == [
        "extra `x` of a, group `g` of a need b, which needs Python >=3.12: locked for Python >=3.12 only."
    ]


def test_who_needs_the_extra_is_narrowed_with_it() -> None:
    members = narrow(
        [member("a", ">=3.10", ask("b", extra="x")), member("b", ">=3.10", extra=(ask("c"),)), member("c", ">=3.12")]
    ).members
    assert ranges(members) == {"a": ">=3.12", "b": ">=3.10", "c": ">=3.12", "b extra:x": ">=3.12"}


def test_groups_of_a_virtual_root_are_for_where_members_run() -> None:
    members = narrow([member("", "", group=(ask("b"),)), member("a", ">=3.10"), member("b", ">=3.12")]).members
    assert ranges(members) == {"": "", "a": ">=3.10", "b": ">=3.12", " group:g": ">=3.12"}


def test_a_need_on_some_platforms_only_narrows_nothing() -> None:
    asked = [member("a", ">=3.10", ask("b", marker="sys_platform == 'win32'")), member("b", ">=3.12")]
    assert narrow(asked) == Narrowed(tuple(asked))
    assert ranges(narrow(asked, ["sys_platform == 'win32'"]).members)["a"] == ">=3.12", (
        "it holds wherever it is locked for"
    )


def test_ranges_that_share_nothing_narrow_nothing() -> None:
    asked = [member("a", ">=3.12", ask("b")), member("b", ">=3.10,<3.12")]
    found = narrow(asked)
    assert found == Narrowed(tuple(asked), impossible=((asked[0], asked[0].dependencies[0]),))


def test_a_cut_at_the_far_end_is_not_worth_a_word() -> None:
    members, found, _ = narrow([member("a", ">=3.10", ask("b")), member("b", ">=3.10,<3.15")])
    assert ranges(members)["a"] == ">=3.10,<3.15"
    assert [one.cap for one in found] == [True]
    assert told(found) == []


def test_a_member_may_be_held_to_what_all_members_share() -> None:
    asked = [member("", "", group=()), member("a", ">=3.10", extra=()), member("b", ">=3.11,<3.14")]
    shared = everywhere(asked)
    assert shared == ">=3.11,<3.14"
    assert ranges((narrow_to(shared, asked[0], ["group:g"]),)) == {"": "", " group:g": shared}
    assert ranges((narrow_to(shared, asked[1], ["extra:x"]),)) == {"a": ">=3.10", "a extra:x": shared}
    assert narrow_to(shared, asked[2], ["dependencies"]) == asked[2]


# ---- the law ---------------------------------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")
LOWER = st.sampled_from([">=3.9", ">=3.10", ">=3.11", ">=3.12", ">=3.10,<3.14", ">=3.10,!=3.12.*"])
MARKERS = st.sampled_from(["", "", "python_version >= '3.11'", "python_version < '3.13'"])
NEEDS = st.lists(
    st.builds(ask, st.sampled_from(NAMES), marker=MARKERS, extra=st.sampled_from(["", "", "x"])), max_size=2
)


@st.composite
def workspaces(draw: st.DrawFn) -> list[MemberAsks]:
    return [
        member(name, draw(LOWER), *draw(NEEDS), extra=tuple(draw(NEEDS)), group=tuple(draw(NEEDS))) for name in NAMES
    ]


Slot = tuple[str, str]


def naive(members: list[MemberAsks]) -> dict[Slot, set[str]]:
    """Where each table can be had: what cannot is taken away until nothing is left to take."""
    tables: dict[Slot, tuple[Ask, ...]] = {}
    for one in members:
        tables[one.name, ""] = one.dependencies
        tables[one.name, "extra:x"] = one.extras[ExtraName("x")]
        tables[one.name, "group:g"] = one.groups[GroupName("g")]
    bounds = {str(one.name): SpecifierSet(one.requires_python) for one in members}
    can = {slot: {python for python in PYTHONS if bounds[slot[0]].contains(f"{python}.0")} for slot in tables}

    def holds(one: Ask, python: str) -> bool:
        minor = int(python.partition(".")[2])
        return {"": True, "python_version >= '3.11'": minor >= 11, "python_version < '3.13'": minor < 13}[
            one.requirement.marker
        ]

    while True:
        gone = [
            (slot, python)
            for slot, asks in tables.items()
            for python in can[slot]
            if python not in can[slot[0], ""]
            or any(
                holds(one, python)
                and not all(
                    python in can[one.requirement.name, table]
                    for table in ("", *(f"extra:{extra}" for extra in one.requirement.extras))
                )
                for one in asks
            )
        ]
        if not gone:
            return can
        for slot, python in gone:
            can[slot].discard(python)


@settings(max_examples=150, deadline=None)
@given(workspaces())
def test_a_table_is_locked_for_exactly_the_pythons_on_which_it_can_be_had(members: list[MemberAsks]) -> None:
    expected = naive(members)
    if not all(expected.values()):
        return  # that is an error, which resolving explains
    found = {one.name: one for one in narrow(members).members}
    for name, table in product(NAMES, ("", "extra:x", "group:g")):
        one = found[NormalizedName(name)]
        text = one.table_pythons.get(table, one.requires_python)
        said = SpecifierSet(text) & SpecifierSet(one.requires_python)
        assert {python for python in PYTHONS if said.contains(f"{python}.0")} == expected[name, table], (name, table)


@settings(max_examples=50, deadline=None)
@given(workspaces())
def test_narrowing_again_changes_nothing(members: list[MemberAsks]) -> None:
    once = narrow(members).members
    if not all(naive(members).values()):
        return
    assert narrow(once) == Narrowed(once)
    assert dict(zip(NAMES, once, strict=True)) == {str(one.name): one for one in narrow(reversed(members)).members}, (
        "nor does the order matter"
    )


def test_what_is_no_member_or_needs_an_extra_narrows_nobody() -> None:
    stranger = Ask(requirement=Requirement(NormalizedName("s"), "", "", ()), origin=Origin(member=NormalizedName("a")))
    asked = [
        member("a", ">=3.10", stranger, ask("b", marker="extra == 'x'"), ask("gone")),
        member("b", ">=3.12"),
    ]
    assert narrow(asked).members == tuple(asked)


def test_a_hole_of_less_than_a_minor_version_narrows_nothing() -> None:
    members = [member("a", ">=3.11", ask("b")), member("b", ">=3.11,!=3.12.3")]
    assert [one.requires_python for one in narrow(members).members] == [">=3.11", ">=3.11,!=3.12.3"]
    whole = [member("a", ">=3.11", ask("b")), member("b", ">=3.11,!=3.12.*")]
    assert next(one.requires_python for one in narrow(whole).members) == ">=3.11,!=3.12.*"
