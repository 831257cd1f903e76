"""Running the command line in this process and in another one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from interlock.cli.main import main
from tests.release_trees import root


class Result(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line here."""

    def call(*arguments: str | Path) -> Result:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return call


@pytest.fixture
def spawn() -> Run:
    """Run a command line in a process of its own."""

    def call(*arguments: str | Path, cwd: Path | None = None) -> Result:
        command = [sys.executable, "-m", "interlock", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A virtual root with two members; ``web`` needs ``catalog``."""
    root = tmp_path / "shop"
    (root / "packages" / "catalog").mkdir(parents=True)
    (root / "apps" / "web").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.interlock.workspace]\nmembers = ["packages/*", "apps/*"]\n')
    (root / "packages" / "catalog" / "pyproject.toml").write_text(
        '[project]\nname = "catalog"\nversion = "1.2"\nrequires-python = ">=3.11"\n'
    )
    (root / "apps" / "web" / "pyproject.toml").write_text(
        '[project]\nname = "web"\nversion = "3.0"\nrequires-python = ">=3.11"\ndependencies = ["catalog"]\n'
        "[tool.interlock.sources]\ncatalog = { workspace = true }\n"
    )
    return root


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace for members with backends of their own, and no index."""
    base = root(tmp_path / "shop")
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(base))
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_NO_INDEX", "1")
    return base
