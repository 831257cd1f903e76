"""One member per build backend, from the sources to an installation by pip out of an index on loopback."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from interlock.build.sdist import unpack_sdist
from tests.cli.conftest import Run
from tests.publish.loopback_index import run_index

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.time_limit(600)]

PROJECT = """
[project]
name = "with-{name}"
version = "1.2.0"
description = "Built by {name}"
readme = "README.md"
requires-python = ">=3.11"
dependencies = {needs}
"""

MEMBERS = {
    "hatchling": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "setuptools": '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
    "[[tool.setuptools.ext-modules]]\n"
    'name = "with_setuptools._speed"\nsources = ["src/with_setuptools/speed.c"]\n',
    "flit": '[build-system]\nrequires = ["flit_core>=3.11,<4"]\nbuild-backend = "flit_core.buildapi"\n',
    "poetry": '[build-system]\nrequires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n'
    '[tool.poetry]\npackages = [{ include = "with_poetry", from = "src" }]\n',
    "pdm": '[build-system]\nrequires = ["pdm-backend"]\nbuild-backend = "pdm.backend"\n',
    "uv": '[build-system]\nrequires = ["uv_build>=0.8"]\nbuild-backend = "uv_build"\n',
    "maturin": '[build-system]\nrequires = ["maturin>=1.8"]\nbuild-backend = "maturin"\n'
    '[tool.maturin]\nbindings = "bin"\n',
    "scikit": '[build-system]\nrequires = ["scikit-build-core>=0.11"]\nbuild-backend = "scikit_build_core.build"\n'
    "[tool.scikit-build]\nwheel.packages = ['src/with_scikit']\n",
}
if shutil.which("cargo") is None:
    del MEMBERS["maturin"]
RUST = {"RUSTUP_HOME": Path.home() / ".rustup", "CARGO_HOME": Path.home() / ".cargo"}
"""Of the caller: tests have a home of their own, in which there is no compiler."""
EXTENSION = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_speed", NULL, -1, methods};
PyMODINIT_FUNC PyInit__speed(void) { return PyModule_Create(&module); }
"""
CARGO = """
[package]
name = "with-maturin"
version = "1.2.0"
edition = "2021"
"""
CARGO_LOCK = 'version = 3\n\n[[package]]\nname = "with-maturin"\nversion = "1.2.0"\n'
CMAKE = """
cmake_minimum_required(VERSION 3.15)
project(with_scikit LANGUAGES C)
find_package(Python COMPONENTS Interpreter Development.Module REQUIRED)
Python_add_library(_speed MODULE src/with_scikit/speed.c WITH_SOABI)
install(TARGETS _speed DESTINATION with_scikit)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("backends") / "all"
    root.mkdir()
    (root / "pyproject.toml").write_text(
        '[tool.interlock]\ninternal-bounds = "compatible"\n[tool.interlock.workspace]\nmembers = ["packages/*"]\n'
    )
    before = ""
    for name, table in MEMBERS.items():
        module = f"with_{name}"
        tree = root / "packages" / f"with-{name}"
        (tree / "src" / module).mkdir(parents=True)
        needs = [f"with-{before}"] if before else []
        (tree / "pyproject.toml").write_text(table + PROJECT.format(name=name, needs=needs))
        (tree / "README.md").write_text(f"# with-{name}\n")
        (tree / "src" / module / "__init__.py").write_text(f'"""Built by {name}."""\n\n__version__ = "1.2.0"\n')
        if name in {"setuptools", "scikit"}:
            (tree / "src" / module / "speed.c").write_text(EXTENSION)
        if name == "scikit":
            (tree / "CMakeLists.txt").write_text(CMAKE)
        if name == "maturin":
            (tree / "Cargo.toml").write_text(CARGO)
            (tree / "Cargo.lock").write_text(CARGO_LOCK)
            (tree / "src" / "main.rs").write_text('fn main() { println!("with maturin"); }\n')
        before = name
    return root


PLACE = re.compile(r".*\.so|.*/RECORD|.*\.data/scripts/.*|.*/sboms/.*")
"""What compilers and maturin write marks of the place into, and what follows from the rest."""


def contents(wheel: Path) -> dict[str, bytes]:
    """What matters of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: b"" if PLACE.fullmatch(name) else archive.read(name)
            for name in archive.namelist()
            if not name.endswith("/")
        }


def test_every_backend_from_sources_to_pip(
    run: Run, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(base))
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    for name, path in RUST.items():
        monkeypatch.setenv(name, os.environ.get(name, str(path)))
    result = run("build", "--all-packages", "--verify", "--json")
    problems = {
        member["name"]: member["error"] or member["problems"]
        for member in result.json()["members"]
        if member["error"] or member["problems"]
    }
    assert not problems
    wheels = sorted((base / "dist").glob("*.whl"))
    assert len(wheels) == len(MEMBERS)
    _check_metadata(wheels)
    _compare_with_build(base, wheels, tmp_path)
    _compare_with_another_build(run, base, tmp_path)
    with run_index(_made(tmp_path / "index")) as index:
        monkeypatch.setenv("INTERLOCK_PUBLISH_URL", index.upload_url)
        monkeypatch.setenv("INTERLOCK_PUBLISH_CHECK_URL", index.simple_url)
        published = run("publish", "--all-packages", "--json")
        assert published.code == 0, published.err
        assert len(index.files) == 2 * len(MEMBERS)
        subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "there")], check=True)
        python = str(tmp_path / "there" / "bin" / "python")
        command = [python, "-m", "pip", "install", "-q", "--isolated", "--no-cache-dir", "--only-binary=:all:"]
        command += ["--disable-pip-version-check", "--index-url", index.simple_url, "with-scikit"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([python, "-m", "pip", "check"], check=True, stdout=subprocess.DEVNULL)
    if "maturin" in MEMBERS:
        program = str(tmp_path / "there" / "bin" / "with-maturin")
        assert subprocess.run([program], capture_output=True, check=True).stdout == b"with maturin\n"
    code = (
        "import with_hatchling, with_uv; from with_setuptools import _speed as a; from with_scikit import _speed as b"
    )
    code += "; print(a.answer(), b.answer())"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "42 42\n"


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def _check_metadata(wheels: list[Path]) -> None:
    """Each needs the one before it, in the range of the policy, in the wheel and in the sdist."""
    for wheel in wheels:
        stem = "-".join(wheel.name.split("-")[:2])
        with zipfile.ZipFile(wheel) as archive:
            metadata = Parser().parsestr(archive.read(f"{stem}.dist-info/METADATA").decode())
        requires = (metadata.get_all("Requires-Dist") or [""])[0].replace(" ", "").replace("(", "").replace(")", "")
        assert wheel.name.startswith("with_hatchling") or ("<2" in requires and ">=1.2.0" in requires), wheel.name


def _compare_with_build(base: Path, wheels: list[Path], tmp_path: Path) -> None:
    """``python -m build`` makes the same wheels out of our sdists."""
    for wheel in wheels:
        stem = "-".join(wheel.name.split("-")[:2])
        unpack_sdist(base / "dist" / f"{stem}.tar.gz", tmp_path / "trees" / wheel.name)
        command = [sys.executable, "-W", "ignore", "-m", "build", "--wheel", "-o", str(tmp_path / "oracle")]
        command.append(str(tmp_path / "trees" / wheel.name / stem))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert contents(tmp_path / "oracle" / wheel.name) == contents(wheel), wheel.name


def _compare_with_another_build(run: Run, base: Path, tmp_path: Path) -> None:
    """Built anew, with another store: the same bytes."""
    again = run("build", "--all-packages", "-o", tmp_path / "again", "--cache-dir", tmp_path / "other")
    assert again.code == 0, again.err
    different = [
        path.name
        for path in sorted((tmp_path / "again").iterdir())
        if path.read_bytes() != (base / "dist" / path.name).read_bytes()
    ]
    # Compilers write down where they worked, which is in the store.
    assert set(different) <= {path.name for path in (base / "dist").glob("*linux*.whl")}
    shutil.rmtree(tmp_path / "other" / "built-v1")
    assert run("build", "--all-packages", "-o", tmp_path / "third", "--cache-dir", tmp_path / "other").code == 0
    for path in sorted((tmp_path / "third").iterdir()):
        # Maturin gives each wheel a number by chance in its list of parts.
        if "maturin" not in path.name:
            assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", ["hatchling", "setuptools"])
def test_licences_are_in_the_wheel(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """PEP 639: an expression, and files by patterns."""
    tree = tmp_path / "licensed"
    backend = MEMBERS[name].partition("[[")[0]
    (tree / "src" / "licensed").mkdir(parents=True)
    (tree / "src" / "licensed" / "__init__.py").touch()
    (tree / "licences").mkdir()
    (tree / "LICENSE").write_text("MIT")
    (tree / "licences" / "apache.txt").write_text("Apache")
    (tree / "pyproject.toml").write_text(
        f'{backend}[project]\nname = "licensed"\nversion = "1.0"\nlicense = "MIT OR Apache-2.0"\n'
        'license-files = ["LICENS*", "licences/*.txt"]\n'
    )
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    assert run("-C", tree, "build").code == 0
    (built,) = (tree / "dist").glob("licensed-1.0-*.whl")
    with zipfile.ZipFile(built) as wheel:
        found = {entry.partition("/licenses/")[2] for entry in wheel.namelist() if ".dist-info/licenses/" in entry}
        metadata = Parser().parsestr(wheel.read("licensed-1.0.dist-info/METADATA").decode())
    assert found == {"LICENSE", "licences/apache.txt"}
    assert metadata["License-Expression"] == "MIT OR Apache-2.0"
    assert tuple(map(int, metadata["Metadata-Version"].split("."))) >= (2, 4)
