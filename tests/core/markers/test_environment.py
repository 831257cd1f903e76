"""Environments and conflict keys."""

from __future__ import annotations

from packaging.markers import default_environment

from interlock.core.markers.diagram import parse_marker
from interlock.core.markers.environment import (
    STANDARD_ENVIRONMENTS,
    Environment,
    conflict_key,
    standard_environment,
)


def test_has_the_variables_of_the_standard() -> None:
    here = {key: str(value) for key, value in default_environment().items()}
    assert Environment.from_dict({**here, "extra": ""}).as_dict() == here


def test_standard_environments_are_all_different() -> None:
    assert len(set(map(repr, STANDARD_ENVIRONMENTS.values()))) == len(STANDARD_ENVIRONMENTS) == 45
    assert STANDARD_ENVIRONMENTS["macos-arm64-pypy3.11"].platform_python_implementation == "PyPy"


def test_a_feature_release_gets_a_first_patch() -> None:
    environment = standard_environment("windows-amd64", "3.12")
    assert (environment.python_full_version, environment.python_version) == ("3.12.0", "3.12")


def test_conflict_keys_can_be_tested_by_markers() -> None:
    keys = [conflict_key("m"), conflict_key("m", extra="x"), conflict_key("m", group="x")]
    assert keys == ["m", "m[x]", "m:x"]
    assert len({parse_marker(f"extra == '{key}'") for key in keys}) == 3
