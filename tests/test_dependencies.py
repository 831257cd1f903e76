"""What is imported is asked for, and what is asked for is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture import ROOT, SOURCE

OURS = {"interlock", "tests", "bench"}
OF_DEVELOPERS = {"bench", "lint", "test"}
"""Extras that no release of ours needs."""

CALLED = {
    "build": "python -m build, which has to make the same wheels of our sdists",
    "coverage": "run by .ci/run",
    "mypy": "run by .ci/run",
    "pypiserver": "the index that files are published to, as a program of its own",
    "pytest-asyncio": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "run by .ci/run",
}
"""What developers need without importing it."""

LOOKED_FOR = {
    "compression": "Python's own from 3.14 on",
    "pip": "what may have installed us",
    "virtualenv": "whose activation is compared with ours where it is there",
}
"""What nothing of ours needs."""

OTHERWISE = {"backports.zstd": "backports", "python-dotenv": "dotenv", "packageurl-python": "packageurl"}
"""Distributions whose module is called something else."""


@cache
def project() -> dict[str, list[str]]:
    """Names of distributions by extra, those that are always there under ``""``."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = {"": table["dependencies"], **table["optional-dependencies"]}
    return {extra: [re.split(r"[^A-Za-z0-9._-]", text)[0] for text in texts] for extra, texts in lists.items()}


def module_of(distribution: str) -> str:
    return OTHERWISE.get(distribution, distribution.replace("-", "_"))


@cache
def imported(folder: Path) -> dict[str, str]:
    """Top-level modules of others, each with a file that loads it, by name where it may be absent."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        for name in _loaded(ast.parse(path.read_text(encoding="utf-8"))):
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in OURS:
                found.setdefault(top, path.relative_to(ROOT).as_posix())
    return found


def _loaded(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif isinstance(node, ast.Call) and _called(node.func) in {"import_module", "find_spec"}:
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _called(function: ast.expr) -> str:
    """The last name of what is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_what_the_package_imports_is_a_dependency_or_in_an_extra() -> None:
    named = {module_of(name) for extra, names in project().items() if extra not in OF_DEVELOPERS for name in names}
    wrong = {module: file for module, file in imported(SOURCE).items() if module not in {*named, *LOOKED_FOR}}
    assert not wrong


@pytest.mark.parametrize("extra", sorted(project().keys() - OF_DEVELOPERS))
def test_every_dependency_is_imported(extra: str) -> None:
    loaded = imported(SOURCE)
    assert [name for name in project()[extra] if module_of(name) not in loaded] == []


def test_what_tests_and_measurements_import_is_in_an_extra() -> None:
    named = {module_of(name) for names in project().values() for name in names}
    loaded = {**imported(ROOT / "tests"), **imported(ROOT / "bench")}
    assert {module: file for module, file in loaded.items() if module not in {*named, *LOOKED_FOR}} == {}


def test_what_developers_get_is_used() -> None:
    """Imported by tests or measurements, by the package where it is there, or called."""
    loaded = {**imported(ROOT / "tests"), **imported(ROOT / "bench"), **imported(SOURCE)}
    names = {name for extra in OF_DEVELOPERS for name in project()[extra]}
    assert {name for name in names if module_of(name) not in loaded and name not in CALLED} == set()
    assert set(CALLED) <= names
