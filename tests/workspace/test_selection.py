from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interlock.core.manifests.group_includes import BrokenGroup, GroupCycle, UnknownGroup
from interlock.core.names import ExtraName, NormalizedName
from interlock.workspace.discovery import discover
from interlock.workspace.members import UnknownMember
from interlock.workspace.selection import (
    ConflictingSelection,
    NoSuchExtra,
    NoSuchGroup,
    SelectionFlags,
    refuse_conflicting,
    select,
)
from tests.trees import project, write

VIRTUAL = """
[tool.uv.workspace]
members = ["packages/*"]
[tool.uv]
conflicts = [[{package = "a", extra = "cpu"}, {package = "a", extra = "gpu"}], [{package = "b"}, {package = "c"}]]
[dependency-groups]
dev = ["r"]
rootonly = ["s"]
"""
A = project(
    "a",
    "optional-dependencies = {cpu = ['p'], gpu = ['q'], Docs_x = ['d']}",
    "[dependency-groups]",
    "dev = ['x']",
    "test = ['y']",
    "broken = ['no way!']",
    "loop = [{include-group = 'loop'}]",
)
B = project("b", "[dependency-groups]", "lint = ['z']", "type = []", "[tool.uv]", "default-groups = ['lint']")
Wanted = dict[str, tuple[bool, list[str], list[str]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, root=VIRTUAL, packages__a=A, packages__b=B)


def wanted(root: Path, flags: SelectionFlags, at: str = "packages/a") -> Wanted:
    selection = select(discover(root / at), flags)
    return {
        str(member.member): (member.project, [str(e) for e in member.extras], [str(g) for g in member.groups])
        for member in selection.members
    }


def groups(root: Path, at: str = "packages/a", **flags: Any) -> tuple[bool, list[str]]:
    """Whether the project is selected, and the groups, of the one member that is."""
    (found,) = wanted(root, SelectionFlags(**flags), at).values()
    return found[0], found[2]


def test_by_default_it_is_the_member_one_stands_in_with_its_default_groups(root: Path) -> None:
    assert wanted(root, SelectionFlags()) == {"a": (True, [], ["dev"])}
    assert wanted(root, SelectionFlags(), "packages/b") == {"b": (True, [], ["lint"])}


def test_at_a_virtual_root_it_is_every_member_and_the_roots_groups(root: Path) -> None:
    everything: Wanted = {"": (False, [], ["dev"]), "a": (True, [], ["dev"]), "b": (True, [], ["lint"])}
    assert wanted(root, SelectionFlags(), ".") == everything
    assert wanted(root, SelectionFlags(all_packages=True)) == everything


def test_packages_are_selected_by_name_without_the_roots_groups(root: Path) -> None:
    assert wanted(root, SelectionFlags(packages=("A", "b")), ".") == {
        "a": (True, [], ["dev"]),
        "b": (True, [], ["lint"]),
    }
    with pytest.raises(UnknownMember):
        wanted(root, SelectionFlags(packages=("zz",)))


def test_a_group_of_the_root_joins_when_it_is_asked_for_by_name(root: Path) -> None:
    assert wanted(root, SelectionFlags(packages=("a",), groups=("rootonly", "dev"))) == {
        "a": (True, [], ["dev"]),
        "": (False, [], ["rootonly"]),
    }


def test_a_group_counts_for_the_members_that_have_it(root: Path) -> None:
    assert wanted(root, SelectionFlags(packages=("a", "b"), groups=("test",))) == {
        "a": (True, [], ["dev", "test"]),
        "b": (True, [], ["lint"]),
    }


@pytest.mark.parametrize(
    ("flags", "project_is_in", "chosen"),
    [
        ({"groups": ("Test",)}, True, ["dev", "test"]),
        ({"with_groups": ("test, dev",)}, True, ["dev", "test"]),
        ({"no_groups": ("dev",)}, True, []),
        ({"groups": ("test",), "no_groups": ("test",)}, True, ["dev"]),
        ({"with_groups": ("test",), "without_groups": ("test,dev",)}, True, []),
        ({"no_default_groups": True}, True, []),
        ({"no_default_groups": True, "groups": ("test",)}, True, ["test"]),
        ({"no_default_groups": True, "dev": True}, True, ["dev"]),
        ({"no_dev": True, "dev": True}, True, []),
        ({"only_dev": True}, False, ["dev"]),
        ({"only_groups": ("test",)}, False, ["test"]),
        ({"only_groups": ("test", "dev"), "no_groups": ("dev",)}, False, ["test"]),
        ({"only": ("test",), "with_groups": ("dev",), "without_groups": ("test",)}, False, ["test"]),
        ({"only": ("main",)}, True, []),
        ({"only": ("main,test",)}, True, ["test"]),
        ({"without_groups": ("main",)}, False, ["dev"]),
    ],
)
def test_groups(root: Path, flags: dict[str, Any], project_is_in: bool, chosen: list[str]) -> None:
    assert groups(root, **flags) == (project_is_in, chosen)


def test_all_groups(root: Path) -> None:
    assert groups(root, "packages/b", all_groups=True) == (True, ["lint", "type"])
    assert groups(root, "packages/b", all_groups=True, no_groups=("lint",)) == (True, ["type"])


def test_default_groups_may_be_all_of_them(tmp_path: Path) -> None:
    write(tmp_path, root=project("a", "[dependency-groups]\nx = []\ny = []\n[tool.uv]\ndefault-groups = 'all'"))
    assert groups(tmp_path, ".") == (True, ["x", "y"])
    write(tmp_path, root=project("a", "[dependency-groups]\nx = []\n[tool.uv]\ndefault-groups = ['xx']"))
    with pytest.raises(UnknownGroup, match="default-groups"):
        groups(tmp_path, ".")


@pytest.mark.parametrize(
    ("flags", "extras"),
    [
        ({"extras": ("docs-X",)}, ["docs-x"]),
        ({"extras": ("cpu docs_x",)}, ["cpu", "docs-x"]),
        ({"all_extras": True, "no_extras": ("gpu",)}, ["cpu", "docs-x"]),
        ({"extras": ("cpu",), "no_extras": ("cpu",)}, []),
        ({"extras": ("cpu",), "only_groups": ("test",)}, []),
    ],
)
def test_extras(root: Path, flags: dict[str, Any], extras: list[str]) -> None:
    found = wanted(root, SelectionFlags(**flags))
    assert found["a"][1] == extras


@pytest.mark.parametrize("flag", ["groups", "no_groups", "only_groups", "with_groups", "without_groups", "only"])
def test_an_unknown_group_is_an_error_that_lists_the_known_ones(root: Path, flag: str) -> None:
    with pytest.raises(NoSuchGroup, match=r"`tst` in a.*Did you mean `test`") as caught:
        groups(root, "packages/a", **{flag: ("tst",)})
    assert caught.value.hint == "Known groups: broken, dev, loop, rootonly, test."


@pytest.mark.parametrize("flag", ["extras", "no_extras"])
def test_an_unknown_extra_is_an_error_that_lists_the_known_ones(root: Path, flag: str) -> None:
    with pytest.raises(NoSuchExtra, match=r"Extra \[cpus\] is not specified by a.*Did you mean `cpu`") as caught:
        groups(root, "packages/a", **{flag: ("cpus",)})
    assert caught.value.hint == "Known extras: cpu, docs-x, gpu."


def test_a_group_that_cannot_be_used_is_an_error_when_selected(root: Path) -> None:
    assert groups(root, groups=("test",)) == (True, ["dev", "test"])
    with pytest.raises(BrokenGroup):
        groups(root, groups=("broken",))
    with pytest.raises(GroupCycle, match="loop -> loop"):
        groups(root, groups=("loop",))


def test_dev_may_be_named_where_there_is_none(root: Path) -> None:
    assert groups(root, "packages/b", dev=True) == (True, ["lint"])
    assert groups(root, "packages/b", no_dev=True) == (True, ["lint"])


def test_two_sides_of_a_conflict_are_an_error_before_there_is_a_lock(root: Path) -> None:
    def refuse(flags: SelectionFlags) -> None:
        workspace = discover(root / "packages/a")
        refuse_conflicting(workspace, select(workspace, flags).members)

    with pytest.raises(ConflictingSelection, match=r"the extra `cpu` of a and the extra `gpu` of a"):
        refuse(SelectionFlags(all_extras=True))
    write(root, packages__c=project("c"))
    with pytest.raises(ConflictingSelection, match="the member b and the member c"):
        refuse(SelectionFlags(all_packages=True))
    refuse(SelectionFlags(packages=("a", "b")))


@pytest.mark.parametrize(
    ("flags", "skip"),
    [
        ({}, set()),
        ({"no_install_project": True}, {"a"}),
        ({"no_root": True}, {"a"}),
        ({"no_install_workspace": True}, {"a", "b"}),
        ({"no_install_local": True}, {"a", "b", "vendored"}),
        ({"no_directory": True}, {"b", "vendored"}),
        ({"no_install_packages": ("some-thing",)}, {"some-thing"}),
        ({"only": ("main",)}, {"a"}),
    ],
)
def test_what_is_selected_and_not_installed(root: Path, flags: dict[str, Any], skip: set[str]) -> None:
    workspace = discover(root / "packages/a")
    found = select(workspace, SelectionFlags(**flags), local=(NormalizedName("vendored"),))
    assert found.skip == skip
    assert found.members[0].project


DYNAMIC = project("d", "dynamic = ['optional-dependencies']")


def test_extras_that_a_backend_tells_are_those_of_the_lock(root: Path) -> None:
    write(root, packages__d=DYNAMIC)
    workspace = discover(root / "packages/d")
    locked = {NormalizedName("d"): frozenset(map(ExtraName, ("x", "y")))}

    def extras(flags: SelectionFlags) -> list[tuple[ExtraName, ...]]:
        return [part.extras for part in select(workspace, flags, extras=locked).members]

    assert extras(SelectionFlags(all_extras=True)) == [("x", "y")]
    assert extras(SelectionFlags(all_extras=True, no_extras=("y",))) == [("x",)]
    assert extras(SelectionFlags(extras=("y",))) == [("y",)]
    with pytest.raises(NoSuchExtra, match=r"Extra \[z\] is not specified by d"):
        extras(SelectionFlags(extras=("z",)))
    assert select(workspace, SelectionFlags(extras=("z",))).members[0].extras == ("z",), "nobody can know yet"


def test_of_all_members_one_has_to_have_an_extra(root: Path) -> None:
    write(root, packages__d=DYNAMIC)
    workspace = discover(root)
    locked = {NormalizedName("d"): frozenset(map(ExtraName, ("x",)))}
    everyone = SelectionFlags(all_packages=True, extras=("x",))
    found = select(workspace, everyone, extras=locked).members
    assert {part.member: part.extras for part in found if part.extras} == {"d": ("x",)}
    with pytest.raises(NoSuchExtra, match=r"Extra \[z\] is not specified by"):
        select(workspace, SelectionFlags(all_packages=True, extras=("z",)), extras=locked)
