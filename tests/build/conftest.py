"""Source trees with backends of their own, and a builder that needs no network for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from interlock.build.environment import BuildEnvironment
from interlock.build.frontend import Builder
from interlock.build.options import BuildLimits, BuildOptions
from interlock.build.source_tree import SourceTree
from interlock.core.names import normalize_name
from interlock.events import Event
from interlock.store.blobs import SecondLevel
from interlock.store.layout import Layout

MakeTree = Callable[..., Path]
MakeBuilder = Callable[..., Builder]

BACKEND = """
import os, sys, zipfile, tarfile, io

NAME, VERSION = "{name}", "{version}"

def _metadata():
    return f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\nRequires-Dist: idna>=3\\n"

def _wheel(folder, name=None):
    name = name or f"{{NAME.replace('-', '_')}}-{{VERSION}}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        archive.writestr(f"{{NAME.replace('-', '_')}}-{{VERSION}}.dist-info/METADATA", _metadata())
        archive.writestr("content.txt", open("data.txt").read() if os.path.exists("data.txt") else "")
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    print("building", sorted((config_settings or {{}}).items()))
    return _wheel(folder)

def build_sdist(folder, config_settings=None):
    name = f"{{NAME.replace('-', '_')}}-{{VERSION}}.tar.gz"
    with tarfile.open(os.path.join(folder, name), "w:gz") as archive:
        info = tarfile.TarInfo(f"{{NAME}}-{{VERSION}}/PKG-INFO")
        info.size = len(_metadata())
        archive.addfile(info, io.BytesIO(_metadata().encode()))
    return name
"""

PREPARE = """
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    name = f"{NAME.replace('-', '_')}-{VERSION}.dist-info"
    os.mkdir(os.path.join(folder, name))
    with open(os.path.join(folder, name, "METADATA"), "w") as file:
        file.write(_metadata())
    return name

def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder)
"""


class Recorder:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def report(self, event: Event, /) -> None:
        self.events.append(event)


class BareProvision:
    """Build environments for requirements there are none of: the tests' own interpreter."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
        self.asked.append(requirements)
        return BuildEnvironment(python=sys.executable)

    async def mend(self, environment: BuildEnvironment, said: str, /) -> bool:
        return False


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


@pytest.fixture
def provision() -> BareProvision:
    return BareProvision()


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    """Write a source tree with an in-tree backend; ``more`` is appended to the backend's source."""

    def make(name: str = "demo", version: str = "1.0", *, more: str = PREPARE, backend: str = "", **files: str) -> Path:
        tree = tmp_path / "trees" / name
        tree.mkdir(parents=True, exist_ok=True)
        (tree / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        )
        (tree / "backend.py").write_text(backend or BACKEND.format(name=name, version=version) + more)
        for path, content in files.items():
            (tree / path.replace("__", ".")).write_text(content)
        return tree

    return make


@pytest.fixture
def make_builder(layout: Layout, provision: BareProvision) -> MakeBuilder:
    def make(
        *,
        timeout: float = 30.0,
        fork: bool = True,
        options: BuildOptions | None = None,
        environ: Mapping[str, str] | None = None,
        reporter: Recorder | None = None,
        store: Layout | None = None,
        second: SecondLevel | None = None,
    ) -> Builder:
        return Builder(
            store or layout,
            provision=provision,
            environ=os.environ if environ is None else environ,
            limits=BuildLimits(concurrency=4, timeout=timeout, fork=fork),
            options=options,
            reporter=reporter or Recorder(),
            second=second,
        )

    return make


def source(tree: Path, name: str | None = None, version: str | None = None) -> SourceTree:
    return SourceTree(path=tree, name=normalize_name(name) if name else None, version=version)
