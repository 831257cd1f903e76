from __future__ import annotations

import pytest

from interlock.core.manifests.group_includes import BrokenGroup, GroupCycle, UnknownGroup, expand_group
from interlock.core.manifests.manifest import Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import GroupName


def manifest(groups: str) -> Manifest:
    text = f'[project]\nname = "a"\nversion = "1"\n[dependency-groups]\n{groups}'
    return parse_manifest(text.encode(), path=".", file="pyproject.toml")


def names(groups: str, group: str) -> list[str]:
    return [requirement.name for requirement in expand_group(manifest(groups), GroupName(group))]


def test_includes_stand_in_their_place_each_group_once() -> None:
    groups = (
        "a = ['x', {include-group = 'B_c'}, 'y']\nb-C = ['z', 'x']\nd = [{include-group='a'}, {include-group='a'}]\n"
    )
    assert names(groups, "a") == ["x", "z", "x", "y"]
    assert names(groups, "d") == ["x", "z", "x", "y"]


def test_a_tower_of_groups_is_expanded_at_once() -> None:
    storeys = [f"g{n} = [{{include-group='g{n - 1}'}}, {{include-group='g{n - 2}'}}]" for n in range(2, 2000)]
    groups = "\n".join(["g0 = ['x']", "g1 = ['y']", *storeys])
    assert names(groups, "g1999") == ["y", "x"]


def test_a_cycle_of_many_groups_is_an_error_and_no_overflow() -> None:
    groups = "\n".join(f"g{n} = [{{include-group='g{(n + 1) % 2000}'}}]" for n in range(2000))
    with pytest.raises(GroupCycle) as caught:
        names(groups, "g0")
    assert len(caught.value.chain) == 2001


def test_a_cycle_is_an_error_that_names_the_chain_when_used() -> None:
    groups = "x = ['q']\na = [{include-group = 'b'}]\nb = [{include-group = 'c'}]\nc = [{include-group = 'b'}]\n"
    assert names(groups, "x") == ["q"]
    with pytest.raises(GroupCycle, match="b -> c -> b"):
        names(groups, "a")


def test_an_unknown_include_is_an_error_when_used() -> None:
    groups = "x = ['q']\na = [{include-group = 'lnt'}]\nlint = []\n"
    assert names(groups, "x") == ["q"]
    with pytest.raises(UnknownGroup, match=r"`lnt`, which `a` includes.*Did you mean `lint`"):
        names(groups, "a")


def test_an_unknown_group_lists_the_known_ones() -> None:
    with pytest.raises(UnknownGroup) as caught:
        names("lint = []\ntest = []\n", "nope")
    assert caught.value.hint == "Known groups: lint, test."


def test_a_broken_group_is_an_error_when_used() -> None:
    groups = "a = ['no way!']\nb = [{include-group = 'a'}]\n"
    for group in ("a", "b"):
        with pytest.raises(BrokenGroup, match="not a valid requirement"):
            names(groups, group)
