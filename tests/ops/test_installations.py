"""Interpreters' own installations as the place to install to: a system's, an image's, conda's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.shop import Shop, snapshot
from tests.wheels import make_wheel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the layout of POSIX")


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A prefix that its interpreter takes for its own, with a package of its package manager."""
    prefix, version = tmp_path / "opt", f"python{sys.version_info[0]}.{sys.version_info[1]}"
    library = prefix / "lib" / version
    library.mkdir(parents=True)
    (prefix / "bin").mkdir()
    shutil.copy2(Path(sys.base_prefix) / "bin" / version, prefix / "bin" / "python")
    for entry in Path(sysconfig.get_path("stdlib")).iterdir():
        if entry.name not in {"site-packages", "dist-packages", "EXTERNALLY-MANAGED"}:
            (library / entry.name).symlink_to(entry)
    theirs = library / "site-packages" / "theirs-1.0.dist-info"
    theirs.mkdir(parents=True)
    (theirs / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (theirs / "RECORD").write_text("theirs-1.0.dist-info/METADATA,,\ntheirs-1.0.dist-info/RECORD,,\n")
    code = "import sys, sysconfig; print(sys.prefix, sysconfig.get_path('purelib'))"
    said = subprocess.run([prefix / "bin" / "python", "-c", code], capture_output=True, text=True, check=False).stdout
    if said.split() != [str(prefix), str(library / "site-packages")]:
        pytest.skip("this Python cannot be put elsewhere")
    return prefix


def managed(installation: Path) -> Path:
    (library,) = (installation / "lib").iterdir()
    (library / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=Ask the distribution.\n Or its users.\n")
    return installation


def test_one_that_nobody_manages_is_installed_to_and_keeps_what_it_has(
    shop: Shop, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_PROJECT_ENVIRONMENT", str(installation))
    monkeypatch.delenv("INTERLOCK_PYTHON")
    shop.run("sync", "--package", "catalog")
    assert shop.installed(installation) == {"catalog": "1.0", "click": "8.1", "theirs": "1.0"}
    assert shop.can_import("click", environment=installation)
    shop.run("sync", "--package", "catalog", "--check")
    shop.run("run", "--package", "catalog", "python", "-c", "import catalog")
    shop.packages.add(make_wheel("click", "8.2"))
    shop.run("lock", "-P", "click")
    shop.run("sync", "--package", "catalog")
    assert shop.installed(installation)["click"] == "8.2"
    said = shop.run("env", "remove", code=1)
    assert said.err.startswith("error[environment-not-ours]")
    assert not (shop.root / ".venv").exists()


def test_one_that_is_managed_is_left_alone_unless_somebody_insists(
    shop: Shop, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_PROJECT_ENVIRONMENT", str(managed(installation)))
    monkeypatch.delenv("INTERLOCK_PYTHON")
    shop.run("lock")
    before = snapshot(installation)
    said = shop.refuses("sync", "--package", "catalog", error="externally-managed")
    assert "\n  Ask the distribution.\n  Or its users.\n" in said.err
    assert "--break-system-packages" in said.err
    assert snapshot(installation) == before
    shop.run("sync", "--package", "catalog", "--break-system-packages")
    assert shop.installed(installation) == {"catalog": "1.0", "click": "8.1", "theirs": "1.0"}


def test_an_environment_made_from_a_managed_one_is_not_managed(
    shop: Shop, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_PYTHON", str(managed(installation) / "bin" / "python"))
    shop.run("sync", "--package", "catalog")
    assert shop.installed().keys() == {"catalog", "click"}


@pytest.mark.parametrize(("name", "counts"), [("mine", True), ("base", False)])
def test_the_active_environment_of_conda_is_used_when_asked_and_its_base_never(
    shop: Shop, installation: Path, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
) -> None:
    for variable, value in {"VIRTUAL_ENV": "", "CONDA_PREFIX": str(installation), "CONDA_DEFAULT_ENV": name}.items():
        monkeypatch.setenv(variable, value)
    if counts:
        monkeypatch.delenv("INTERLOCK_PYTHON")
    shop.run("sync", "--package", "catalog", "--active")
    assert ("catalog" in shop.installed(installation)) is counts
    assert (shop.root / ".venv").exists() is not counts


def test_a_folder_with_a_link_to_an_interpreter_is_no_installation(shop: Shop) -> None:
    place = shop.root / ".venv" / "bin"
    place.mkdir(parents=True)
    (place / "python").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}")
    shop.run("lock")
    shop.refuses("sync", error="environment-not-ours")
