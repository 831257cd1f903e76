"""Metadata from a ``[project]`` table alone: when the standards allow it, and what is wrong with the rest."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.metadata import Metadata as Standard

from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.project import InvalidProject, project_metadata
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import format_requirement

PROJECT: dict[str, Any] = {
    "name": "My.App",
    "version": "1.0rc1",
    "requires-python": ">=3.11",
    "dependencies": ["Flask>=3", 'tomli ; python_version < "3.11"'],
    "optional-dependencies": {
        "Fast_One": ["speedups[all]>=2", 'x ; os_name == "nt" or os_name == "posix"'],
        "none": [],
    },
}

# What hatchling 1.27, setuptools 80 and flit 3.12 write for this table, by the core metadata specification.
METADATA = b"""\
Metadata-Version: 2.4
Name: My.App
Version: 1.0rc1
Requires-Python: >=3.11
Requires-Dist: Flask>=3
Requires-Dist: tomli; python_version < "3.11"
Provides-Extra: fast-one
Provides-Extra: none
Requires-Dist: speedups[all]>=2; extra == "fast-one"
Requires-Dist: x; (os_name == "nt" or os_name == "posix") and extra == "fast-one"
"""


def read(**changes: Any) -> Metadata | None:
    table = {**PROJECT, **changes}
    return project_metadata({key: value for key, value in table.items() if value is not None})


def test_it_is_what_a_backend_would_have_written() -> None:
    found = read()
    assert found is not None
    standard = Standard.from_email(METADATA)
    assert standard.requires_dist is not None
    assert (found.name, found.version) == ("my-app", str(standard.version))
    assert found.requires_python == str(standard.requires_python)
    assert list(map(str, found.extras)) == list(map(str, standard.provides_extra or ()))
    wanted = [parse_requirement(str(requirement)) for requirement in standard.requires_dist]
    assert [format_requirement(item) for item in found.requires] == [format_requirement(item) for item in wanted]


@pytest.mark.parametrize("field", ["version", "dependencies", "optional-dependencies", "requires-python"])
def test_a_dynamic_field_that_decides_needs_the_backend(field: str) -> None:
    """Also when it is given: then the backend may add to it (PEP 808)."""
    assert read(dynamic=[field]) is None
    assert read(**{"dynamic": [field], field: None}) is None


def test_other_dynamic_fields_do_not() -> None:
    assert read(dynamic=["description", "classifiers", "readme", "license"]) is not None


def test_absent_fields_ask_for_nothing() -> None:
    found = project_metadata({"name": "a", "version": "1"})
    assert found is not None
    assert (found.requires_python, found.requires, found.extras) == ("", (), ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": None}, "`name` in [project] is missing"),
        ({"name": "-app"}, "not a valid name: '-app'"),
        ({"name": 3}, "not a valid name: 3"),
        ({"dynamic": ["name"]}, "`name` in [project] cannot be dynamic"),
        ({"dynamic": "version"}, "`dynamic` in [project] is not an array of strings"),
        ({"version": None}, "my-app has no version"),
        ({"version": "one"}, "The version of my-app is not valid: 'one'"),
        ({"version": 1.0}, "The version of my-app is not valid: 1.0"),
        ({"requires-python": "3.11 or so"}, "`requires-python` of My.App is not a version specifier: '3.11 or so'"),
        ({"requires-python": 3}, "`requires-python` of My.App is not a version specifier: 3"),
        ({"dependencies": "flask"}, "`dependencies` in [project] is not an array of strings"),
        ({"dependencies": ["flask", 3]}, "`dependencies` in [project] is not an array of strings"),
        ({"dependencies": ["flask=3"]}, "The dependencies of My.App: `flask=3` is not a valid requirement"),
        ({"optional-dependencies": ["x"]}, "`optional-dependencies` in [project] is not a table"),
        ({"optional-dependencies": {"x": "y"}}, "`the extra x` in [project] is not an array of strings"),
        ({"optional-dependencies": {"a-b": [], "A_b": []}}, "The extra `A_b` of My.App is defined twice"),
    ],
)
def test_what_contradicts_the_standard_is_said(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidProject) as caught:
        read(**changes)
    assert words in caught.value.message
    assert caught.value.code == "invalid-project"


def test_a_missing_version_says_how_to_give_one() -> None:
    with pytest.raises(InvalidProject) as caught:
        read(version=None)
    assert caught.value.hint == 'Give `version` in [project], or add it to `dynamic = ["version"]`.'


def test_a_condition_of_one_part_needs_no_parentheses_beside_that_of_the_extra() -> None:
    found = project_metadata({"name": "a", "version": "1", "optional-dependencies": {"e": ["x ; os_name == 'nt'"]}})
    assert found is not None
    assert [one.marker for one in found.requires] == ['os_name == "nt" and extra == "e"']
