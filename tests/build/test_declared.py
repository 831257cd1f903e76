"""What pyproject.toml declares about a build: the build system, and metadata that needs no build."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.build.declared import read_declared
from interlock.build.failures import InvalidBuildSystem
from interlock.build.source_tree import SourceTree
from interlock.build.system import read_build_system
from interlock.core.manifests.manifest import BuildSystem
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.project import InvalidProject, project_metadata
from interlock.core.names import normalize_extra, normalize_name
from interlock.core.requirements.parse import parse_requirement


def test_the_defaults() -> None:
    legacy = BuildSystem(requires=("setuptools>=40.8.0",), backend="setuptools.build_meta:__legacy__")
    assert read_build_system(None) == legacy
    assert read_build_system(b'[project]\nname = "x"\n') == legacy
    assert read_build_system(b'[build-system]\nrequires = ["a"]\n') == BuildSystem(
        requires=("a",), backend=legacy.backend
    )


def test_a_whole_table() -> None:
    assert read_build_system(
        b'[build-system]\nrequires = ["a>=1", "b"]\nbuild-backend = "m.n:o.p"\nbackend-path = ["x", "."]\n'
    ) == BuildSystem(requires=("a>=1", "b"), backend="m.n:o.p", backend_path=("x", "."))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("build-system = 1", "not a table"),
        ("[build-system]", "no `requires`"),
        ("[build-system]\nrequires = 'a'", "not an array of strings"),
        ("[build-system]\nrequires = [1]", "not an array of strings"),
        ("[build-system]\nrequires = ['a b']", "not a valid requirement"),
        ("[build-system]\nrequires = []\nbuild-backend = 1", "`build-backend`"),
        ("[build-system]\nrequires = []\nbuild-backend = 'a b'", "`build-backend`"),
        ("[build-system]\nrequires = []\nbackend-path = ['.']", "no `build-backend`"),
        ("[build-system]\nrequires = []\nbuild-backend = 'a'\nbackend-path = ['../x']", "leaves the source tree"),
        ("[build-system]\nrequires = []\nbuild-backend = 'a'\nbackend-path = ['/x']", "leaves the source tree"),
        ("[build-system", "cannot be read"),
    ],
)
def test_what_the_standard_forbids(text: str, words: str) -> None:
    with pytest.raises(InvalidBuildSystem, match=words):
        read_build_system(text.encode())


def test_static_metadata() -> None:
    metadata = project_metadata(
        {
            "name": "My.Demo",
            "version": "1.0-rc1",
            "requires-python": ">=3.9",
            "dependencies": ["b", "a>=1 ; python_version < '3.12'"],
            "optional-dependencies": {
                "Fast_One": ["c ; os_name == 'posix' or os_name == 'nt'"],
                "z": ["d[x] ; 'or' in os_name", "my-demo[fast-one]"],
            },
            "dynamic": ["readme", "classifiers"],
        }
    )
    assert metadata == Metadata(
        name=normalize_name("my-demo"),
        version="1.0rc1",
        requires_python=">=3.9",
        requires=tuple(
            parse_requirement(text)
            for text in (
                "b",
                "a>=1 ; python_version < '3.12'",
                "c ; (os_name == 'posix' or os_name == 'nt') and extra == 'fast-one'",
                "d[x] ; 'or' in os_name and extra == 'z'",
                "my-demo[fast-one] ; extra == 'z'",
            )
        ),
        extras=(normalize_extra("fast-one"), normalize_extra("z")),
    )


@pytest.mark.parametrize("field", ["version", "dependencies", "optional-dependencies", "requires-python"])
def test_dynamic_fields_need_the_backend(field: str) -> None:
    assert project_metadata({"name": "x", "version": "1", "dynamic": [field]}) is None  # given and dynamic: PEP 808


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"name": 1, "version": "1"},
        {"name": "-x", "version": "1"},
        {"name": "x"},
        {"name": "x", "version": "one"},
        {"name": "x", "version": 1},
        {"name": "x", "version": "1", "dynamic": ["name"]},
        {"name": "x", "version": "1", "dynamic": "version"},
        {"name": "x", "version": "1", "dependencies": "a"},
        {"name": "x", "version": "1", "dependencies": ["a b"]},
        {"name": "x", "version": "1", "requires-python": "3"},
        {"name": "x", "version": "1", "optional-dependencies": []},
        {"name": "x", "version": "1", "optional-dependencies": {"a_b": [], "a-b": []}},
    ],
)
def test_invalid_projects(table: dict[str, object]) -> None:
    with pytest.raises(InvalidProject):
        project_metadata(table)


def test_a_poetry_table_may_hold_the_dependencies(tmp_path: Path) -> None:
    manifest = tmp_path / "pyproject.toml"
    project = '[project]\nname = "x"\nversion = "1"\n'
    manifest.write_text(project)
    assert read_declared(SourceTree(path=tmp_path)).static is not None
    manifest.write_text(project + '[tool.poetry.dependencies]\nidna = "^3"\n')
    assert read_declared(SourceTree(path=tmp_path)).static is None
    manifest.write_text(project + 'dependencies = ["idna"]\n[tool.poetry.dependencies]\nidna = {source = "a"}\n')
    assert read_declared(SourceTree(path=tmp_path)).static is not None


def test_errors_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    with pytest.raises(InvalidProject, match=r"pyproject.toml: x has no version"):
        read_declared(SourceTree(path=tmp_path))
