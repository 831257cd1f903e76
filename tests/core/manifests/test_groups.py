"""``[dependency-groups]`` read without judging what nobody uses (PEP 735)."""

from __future__ import annotations

import tomllib

import pytest

from interlock.core.manifests.groups import parse_groups
from interlock.core.manifests.manifest import IncludeGroup
from interlock.core.manifests.problems import InvalidManifest, Problems
from interlock.core.manifests.table import Table
from interlock.core.names import normalize_group
from interlock.core.requirements.requirement import Requirement


def read(text: str) -> tuple[dict[str, object], dict[str, str], Problems]:
    problems = Problems("pyproject.toml", text)
    groups, unusable = parse_groups(Table(tomllib.loads(text), ("dependency-groups",), problems))
    return (
        {str(key): entries for key, entries in groups.items()},
        {str(key): reason for key, reason in unusable.items()},
        problems,
    )


def test_names_that_are_the_same_when_normalised() -> None:
    groups, unusable, problems = read(
        'Dev_Tools = ["a"]\ndev-tools = ["b"]\nother = [{ include-group = "DEV.tools" }]\n'
    )
    assert unusable == {}
    assert groups["other"] == (IncludeGroup(normalize_group("dev-tools")),)
    with pytest.raises(InvalidManifest, match=r"dev-tools` is the same group as `Dev_Tools`"):
        problems.finish(strict=False)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('"a"', "it has to be a list."),
        ('["no way!"]', "`no way!` is not a valid requirement"),
        ("[3]", "an entry is a requirement or `{include-group = ...}`."),
        ("[{ include-group = 3 }]", "`include-group` has to be the name of a group."),
        ('[{ set-phasers = "stun" }]', "not a table with 'set-phasers'."),
    ],
)
def test_a_group_that_cannot_be_used_harms_no_other(value: str, reason: str) -> None:
    groups, unusable, problems = read(f'broken = {value}\nfine = ["a>=1"]\n')
    assert list(groups) == ["fine"]
    assert isinstance(groups["fine"], tuple)
    assert isinstance(groups["fine"][0], Requirement)
    assert reason in unusable["broken"]
    assert problems.finish(strict=True) == ()


def test_a_name_that_is_none_is_a_problem() -> None:
    _, _, problems = read('"not a name!" = []\n')
    with pytest.raises(InvalidManifest, match="is not a valid name for a group"):
        problems.finish(strict=True)
