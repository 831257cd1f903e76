"""The backends people use, installed from the configured index: every task works, and code runs from what is built."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from interlock.build.environment import BuildEnvironment
from interlock.build.failures import HookMissing
from interlock.build.frontend import Builder
from interlock.build.options import BuildLimits
from interlock.build.source_tree import SourceTree
from interlock.core.names import normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.store.layout import Layout

pytestmark = [pytest.mark.network, pytest.mark.slow]

DYNAMIC = '[project]\nname = "demo-pkg"\ndynamic = ["version"]\ndependencies = ["idna>=3"]\n'
TREES = {
    "hatchling": DYNAMIC
    + '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    + '[tool.hatch.version]\npath = "demo_pkg/__init__.py"\n',
    "setuptools": DYNAMIC
    + '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
    + '[tool.setuptools]\npackages = ["demo_pkg"]\n[tool.setuptools.dynamic]\n'
    + 'version = {attr = "demo_pkg.__version__"}\n',
    "flit": DYNAMIC.replace('["version"]', '["version", "description"]')
    + '[build-system]\nrequires = ["flit_core>=3.11"]\nbuild-backend = "flit_core.buildapi"\n',
    "pdm": DYNAMIC
    + '[build-system]\nrequires = ["pdm-backend"]\nbuild-backend = "pdm.backend"\n'
    + '[tool.pdm.version]\nsource = "file"\npath = "demo_pkg/__init__.py"\n',
    "poetry": '[build-system]\nrequires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n'
    + '[tool.poetry]\nname = "demo-pkg"\nversion = "1.5"\ndescription = "d"\nauthors = []\n'
    + '[tool.poetry.dependencies]\npython = ">=3.8"\nidna = ">=3"\n',
    "legacy": "",
}


class PipProvision:
    """Build environments made by venv and pip, one per set of requirements."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[tuple[str, ...], BuildEnvironment] = {}
        self.lock = anyio.Lock()

    async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
        async with self.lock:
            if requirements not in self.made:
                self.made[requirements] = await anyio.to_thread.run_sync(self._make, requirements)
            return self.made[requirements]

    def _make(self, requirements: tuple[str, ...]) -> BuildEnvironment:
        target = self.folder / f"env{len(self.made)}"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(target)], check=True)
        python = target / "bin" / "python"
        if requirements:
            pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
            subprocess.run([*pip, "--disable-pip-version-check", *requirements], check=True)
        return BuildEnvironment(python=str(python), path=str(target / "bin"))

    async def mend(self, environment: BuildEnvironment, said: str, /) -> bool:
        return False


@pytest.fixture(scope="session")
def provision(tmp_path_factory: pytest.TempPathFactory) -> PipProvision:
    return PipProvision(tmp_path_factory.mktemp("environments"))


def _write(tree: Path, backend: str) -> None:
    (tree / "demo_pkg").mkdir(parents=True)
    (tree / "demo_pkg" / "__init__.py").write_text('"""A demo."""\n__version__ = "1.5"\n')
    if backend == "legacy":
        (tree / "setup.py").write_text(
            "from setuptools import setup\nimport demo_pkg\n"
            "setup(name='demo-pkg', version=demo_pkg.__version__, packages=['demo_pkg'],\n"
            "      install_requires=['idna>=3'])\n"
        )
    else:
        (tree / "pyproject.toml").write_text(TREES[backend])


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize("backend", sorted(TREES))
async def test_everything_a_backend_can_build(
    tmp_path: Path, provision: PipProvision, backend: str, fork: bool
) -> None:
    tree = tmp_path / "tree"
    _write(tree, backend)
    source = SourceTree(path=tree, name=normalize_name("demo-pkg"), version="1.5")
    builder = Builder(
        Layout(tmp_path / "store"), provision=provision, environ=os.environ, limits=BuildLimits(fork=fork)
    )
    async with builder:
        metadata = await builder.metadata(source)
        wheel = await builder.wheel(source)
        editable = await builder.editable(source)
        sdist = await builder.sdist(source)
        calls = builder.calls
        # What backends leave in the tree does not make the next build another one.
        assert await builder.wheel(source) == wheel
        assert builder.calls == calls
    assert (metadata.name, metadata.version) == ("demo-pkg", "1.5")
    assert parse_requirement("idna>=3").name in {requirement.name for requirement in metadata.requires}
    with zipfile.ZipFile(wheel) as archive:
        assert "demo_pkg/__init__.py" in archive.namelist()
    with zipfile.ZipFile(editable) as archive:
        assert "demo_pkg/__init__.py" not in archive.namelist()
    with tarfile.open(sdist) as tar:
        assert "demo_pkg-1.5/demo_pkg/__init__.py" in tar.getnames()
    await anyio.to_thread.run_sync(_check_imports, wheel, editable, tree, tmp_path)


def _check_imports(wheel: Path, editable: Path, tree: Path, tmp_path: Path) -> None:
    for built, expected in ((wheel, tmp_path / "wheel"), (editable, tree)):
        target = tmp_path / built.parent.name
        with zipfile.ZipFile(built) as archive:
            archive.extractall(expected if built is wheel else target)
        site = expected if built is wheel else target
        code = f"import site; site.addsitedir({str(site)!r}); import demo_pkg; print(demo_pkg.__file__)"
        done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == str(expected / "demo_pkg" / "__init__.py")


async def test_old_setuptools_without_editables(tmp_path: Path, provision: PipProvision) -> None:
    tree = tmp_path / "tree"
    _write(tree, "setuptools")
    (tree / "pyproject.toml").write_text(TREES["setuptools"].replace("setuptools>=77", 'setuptools==63.4.3", "wheel'))
    async with Builder(Layout(tmp_path / "store"), provision=provision, environ=os.environ) as builder:
        with pytest.raises(HookMissing) as caught:
            await builder.editable(SourceTree(path=tree))
        assert "setuptools>=64" in str(caught.value.hint)
        assert (await builder.wheel(SourceTree(path=tree))).exists()
