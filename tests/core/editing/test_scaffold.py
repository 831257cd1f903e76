"""The files of a new project: manifests that can be read, programs that run, whatever is wanted."""

from __future__ import annotations

import sys
from itertools import product

import pytest

from interlock.core.editing.scaffold import BACKENDS, Kind, Scaffold, is_standard_module, scaffold
from interlock.core.manifests.parse import parse_manifest


@pytest.mark.parametrize(
    ("kind", "src", "name", "backend"),
    list(product(("lib", "app", "web"), (True, False), ("Plain", "name.space-d"), BACKENDS)),
)
def test_every_kind_of_project_can_be_read_and_compiled(kind: Kind, src: bool, name: str, backend: str) -> None:
    wanted = Scaffold(name=name, kind=kind, src=src, backend=backend, description="It does.", author="Ann <a@h.test>")
    files = scaffold(wanted)
    manifest = parse_manifest(files["pyproject.toml"].encode(), path=".", file="pyproject.toml")
    assert manifest.name == wanted.project
    assert manifest.requires_python == ">=3.11"
    assert BACKENDS[backend][1] in files["pyproject.toml"]
    base = f"{'src/' if src else ''}{wanted.module.replace('.', '/')}"
    assert f"{base}/__init__.py" in files
    assert ("[project.scripts]" in files["pyproject.toml"]) is (kind != "lib")
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")


def test_backends_are_told_where_the_package_is_when_they_would_not_find_it() -> None:
    def told(backend: str, *, src: bool, name: str = "plain") -> str:
        text = scaffold(Scaffold(name=name, backend=backend, src=src))["pyproject.toml"]
        return text.partition(BACKENDS[backend][1] + '"\n')[2].partition("[tool.pytest")[0]

    assert told("hatchling", src=True) == told("setuptools", src=True) == told("pdm-backend", src=False) == "\n"
    assert 'packages = ["plain"]' in told("hatchling", src=False)
    assert 'packages = ["src/a"]' in told("hatchling", src=True, name="a.b")
    assert 'include = ["plain*"]' in told("setuptools", src=False)
    assert 'name = "a.b"' in told("flit-core", src=True, name="a.b")
    assert '{ include = "plain", from = "src" }' in told("poetry-core", src=True)
    assert '{ include = "plain" }' in told("poetry-core", src=False)
    assert 'package-dir = "src"' in told("pdm-backend", src=True, name="a.b")
    assert 'package-dir = "."' in told("pdm-backend", src=False, name="a.b")
    assert "module-root" not in told("uv-build", src=True)
    assert 'module-root = ""' in told("uv-build", src=False)


def test_what_is_not_wanted_is_not_there() -> None:
    bare = Scaffold(name="a", readme=False, tests=False, package=False, member=True, kind="app")
    files = scaffold(bare)
    assert ".gitignore" not in files
    assert "README.md" not in files
    text = files["pyproject.toml"]
    assert all(part not in text for part in ("readme", "build-system", "scripts", "pytest", "dependency-groups"))
    full = Scaffold(name="a", license="MIT", author="Ann", dependencies=("p>=1",), dev_dependencies=("pytest<9", "q"))
    text = scaffold(full)["pyproject.toml"]
    assert 'license = "MIT"' in text
    assert 'authors = [{ name = "Ann" }]' in text
    assert '"p>=1"' in text
    assert full.dev == ("pytest<9", "q"), "pytest was asked for already"
    assert Scaffold(name="a").dev == ("pytest>=8",)
    assert scaffold(Scaffold(name="a", description="It does."))["README.md"] == "# a\n\nIt does.\n"
    assert scaffold(Scaffold(name="a"))["README.md"] == "# a\n"


def test_a_workspace_has_places_for_its_members() -> None:
    assert set(scaffold(Scaffold(name="a", kind="workspace"))) == {
        "pyproject.toml", "packages/.gitkeep", ".gitignore", "README.md",
    }  # fmt: skip
    assert "README.md" not in scaffold(Scaffold(name="a", kind="workspace", readme=False))


def test_names_that_python_has_itself_are_known() -> None:
    assert all(map(is_standard_module, (*sys.stdlib_module_names, "imp", "test", "annotationlib")))
    assert not is_standard_module("plain")
