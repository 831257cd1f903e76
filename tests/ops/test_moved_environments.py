"""Environments that are no longer where they were made, or whose Python is no longer the one they were made for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.test_sync import PYENV, another_python
from tests.shop import Shop, snapshot
from tests.wheels import make_wheel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts of POSIX")


@pytest.fixture
def tool(empty_shop: Shop) -> Shop:
    """A workspace whose environment has a command, which says where its environment is."""
    code = "import sys\n\n\ndef main():\n    print(sys.prefix)\n"
    points = {"console_scripts": {"where": "where:main"}}
    empty_shop.packages.add(make_wheel("where", "1.0", files={"where.py": code}, entry_points=points))
    empty_shop.member("app", "where")
    empty_shop.run("sync", "--all-packages")
    return empty_shop


def said_by_command(root: Path) -> str:
    return subprocess.run([root / ".venv/bin/where"], capture_output=True, text=True, check=True).stdout.strip()


def activated(root: Path) -> str:
    line = f". {root}/.venv/bin/activate && echo $VIRTUAL_ENV"
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("copied", [False, True])
def test_one_that_was_moved_or_copied_is_made_anew(tool: Shop, copied: bool) -> None:
    place = tool.root.with_name("elsewhere")
    subprocess.run(["cp", "-r", tool.root, place] if copied else ["mv", tool.root, place], check=True)
    before = snapshot(tool.root)
    assert tool.run("--directory", place, "sync", "--all-packages", "--check", code=1).err
    told = tool.run("--directory", place, "run", "--no-sync", "python", "-c", "").err
    assert f"was made at {tool.root}/.venv" in told
    tool.run("--directory", place, "sync", "--all-packages")
    assert said_by_command(place) == activated(place) == str(place / ".venv")
    assert snapshot(tool.root) == before
    tool.run("--directory", place, "sync", "--all-packages", "--check")
    assert "was made at" not in tool.run("--directory", place, "run", "--no-sync", "python", "-c", "").err


@pytest.mark.parametrize("gone", ["lib", "lib/python", "bin", "pyvenv.cfg bin"])
def test_one_that_lacks_what_it_was_made_with_is_made_anew(tool: Shop, gone: str) -> None:
    for name in gone.split():
        part = tool.root / ".venv" / name
        for place in [part] if part.exists() else part.parent.glob(f"{part.name}*"):
            shutil.rmtree(place) if place.is_dir() else place.unlink()
    if gone.startswith("pyvenv.cfg"):
        assert "left alone" in tool.run("sync", "--all-packages", code=1).err
        return
    assert tool.run("sync", "--all-packages", "--check", code=1).err
    tool.run("sync", "--all-packages")
    assert said_by_command(tool.root) == str(tool.root / ".venv")


def test_one_that_is_reached_by_another_name_is_left_alone(tool: Shop) -> None:
    link = tool.root.with_name("link")
    link.symlink_to(tool.root)
    before = (tool.root / ".venv/pyvenv.cfg").stat()
    tool.run("--directory", link, "sync", "--all-packages")
    assert (tool.root / ".venv/pyvenv.cfg").stat().st_ino == before.st_ino
    assert said_by_command(tool.root) == str(tool.root / ".venv")


def test_a_moved_store_has_its_build_environments_made_anew(empty_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = empty_shop
    shop.packages.wheel("helper", "1.0")
    app = shop.member("app")
    manifest = app / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("requires = []", 'requires = ["helper"]'))
    shop.run("sync", "--all-packages")
    moved = shop.cache.with_name("moved")
    shop.cache.rename(moved)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(moved))
    (app / "METADATA.in").write_text((app / "METADATA.in").read_text() + "Summary: changed\n")
    manifest.write_text(manifest.read_text() + "\n# changed\n")
    shop.run("sync", "--all-packages")
    (config,) = moved.glob("build-envs-v1/*/*/pyvenv.cfg")
    assert f"prefix = {config.parent}\n" in config.read_text()


def test_one_whose_python_became_another_version_is_made_anew(tool: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    other = next((PYENV / "versions").glob(f"{another_python()}.*")) / "bin" / f"python{another_python()}"
    own = Path(os.path.realpath(sys.executable))
    python = tool.root.parent / "current"
    shutil.rmtree(tool.root / ".venv")
    monkeypatch.delenv("INTERLOCK_PYTHON")
    for target in (other, own):
        python.unlink(missing_ok=True)
        python.symlink_to(target)
        if target == other:
            tool.run("sync", "--all-packages", "-p", python)
        else:
            refused = tool.run("run", "--no-sync", "where", code=1)
            assert refused.err.startswith("error[environment-broken]")
            tool.run("sync", "--all-packages")
        assert said_by_command(tool.root) == str(tool.root / ".venv")


def test_one_of_another_tool_is_not_ours_to_make_anew(tool: Shop) -> None:
    environment = tool.root / ".venv"
    shutil.rmtree(environment)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    config = environment / "pyvenv.cfg"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}"
    config.write_text(config.read_text().replace(f"version = {version}", "version = 3.10.1"))
    result = tool.refuses("sync", "--all-packages", error="environment-broken")
    assert "3.10.1" in result.err
    assert version in result.err
