"""A Poetry project with path dependencies: what its backend would write of this machine never leaves it."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.time_limit(300)]

SYSTEM = '[build-system]\nrequires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n'


@pytest.mark.parametrize(("policy", "range_"), [("none", ""), ("compatible", ">=0.4.1,<0.5")])
def test_a_path_becomes_a_range(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, range_: str
) -> None:
    root = tmp_path / "shop"
    for name, version, dependencies in (
        ("core", "0.4.1", ""),
        ("app", "1.0", 'core = { path = "../core", develop = true }'),
    ):
        tree = root / "packages" / name
        tree.mkdir(parents=True)
        (tree / f"{name}.py").write_text(f'"""{name}."""\n')
        (tree / "pyproject.toml").write_text(
            f'{SYSTEM}[tool.poetry]\nname = "{name}"\nversion = "{version}"\ndescription = "x"\nauthors = []\n'
            f'[tool.poetry.dependencies]\npython = ">=3.11"\n{dependencies}\n'
        )
    (root / "pyproject.toml").write_text(
        f'[tool.interlock]\ninternal-bounds = "{policy}"\n[tool.interlock.workspace]\nmembers = ["packages/*"]\n'
    )
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(root))
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    result = run("build", "--all-packages", "--verify")
    assert result.code == 0, result.err
    with zipfile.ZipFile(root / "dist" / "app-1.0-py3-none-any.whl") as wheel:
        metadata = wheel.read("app-1.0.dist-info/METADATA").decode()
    with tarfile.open(root / "dist" / "app-1.0.tar.gz") as archive:
        texts = {name: archive.extractfile(name) for name in archive.getnames()}
        sdist = {name: file.read().decode() for name, file in texts.items() if file is not None}
    for text in (metadata, *sdist.values()):
        assert "../core" not in text
        assert str(tmp_path) not in text
    lines = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert [line.replace(" ", "").replace("(", "").replace(")", "") for line in lines] == [
        f"Requires-Dist:core{range_}"
    ]
