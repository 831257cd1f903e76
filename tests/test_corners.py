"""The list of corners in corners.toml against the tests there are."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCENARIOS = HERE / "core" / "resolver" / "scenarios"
CORNERS = tomllib.loads((HERE / "corners.toml").read_text(encoding="utf-8"))


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def _scenarios(path: Path) -> frozenset[str]:
    return frozenset(tomllib.loads(path.read_text(encoding="utf-8")))


def _exists(test: str) -> bool:
    if "::" in test:
        file, _, name = test.partition("::")
        path = HERE.parent / file
        return path.is_file() and name.startswith("test_") and name in _functions(path)
    file, _, name = test.partition(": ")
    return (SCENARIOS / file).is_file() and name in _scenarios(SCENARIOS / file)


@pytest.mark.parametrize("corner", CORNERS)
def test_every_corner_has_its_tests(corner: str) -> None:
    entry = CORNERS[corner]
    assert set(entry) == {"says", "tests"}
    assert entry["tests"]
    assert [test for test in entry["tests"] if not _exists(test)] == []
    assert len(set(entry["tests"])) == len(entry["tests"])


def test_there_is_nothing_to_find_for_what_is_not_there() -> None:
    assert not _exists("tests/test_corners.py::test_nothing")
    assert not _exists("tests/nowhere.py::test_x")
    assert not _exists("versions.toml: nothing of the kind")
    assert len(CORNERS) == 25
