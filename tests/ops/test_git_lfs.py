"""Repositories whose files are in git-lfs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shop import Shop
from tests.wheels import BACKEND


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
def test_files_of_git_lfs_are_built_when_the_source_asks_for_them(empty_shop: Shop, tmp_path: Path) -> None:
    shop, place = empty_shop, tmp_path / "repository"
    place.mkdir()

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=place, capture_output=True, check=True)

    git("init", "-q", "-b", "main")
    git("lfs", "install", "--local", "--skip-repo")
    git("lfs", "track", "model.py")
    (place / "pyproject.toml").write_text(
        '[project]\nname = "model"\nversion = "1.0"\n[build-system]\nrequires = []\n'
        'build-backend = "in_tree_backend"\nbackend-path = ["."]\n'
    )
    (place / "METADATA.in").write_text("Metadata-Version: 2.1\nName: model\nVersion: 1.0\n")
    (place / "in_tree_backend.py").write_text(BACKEND)
    (place / "model.py").write_text("WEIGHTS = 7\n")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    shop.member("web", lines=f'[tool.interlock.sources]\nmodel = {{ git = "file://{place}" }}\n')
    shop.run("add", f"git+file://{place}", "--package", "web", "--no-sync")
    shop.run("sync", "--package", "web")
    assert not shop.can_import("model"), "a pointer is no module"
    shop.run("add", f"git+file://{place}", "--lfs", "--package", "web")
    assert "lfs = true" in shop.manifest("web").read_text()
    assert shop.python("import model; print(model.WEIGHTS)") == "7", "the same commit is installed anew"
    before = shop.lockfile.read_bytes()
    shop.run("lock", "--check")
    shop.run("lock")
    assert shop.lockfile.read_bytes() == before
    said = shop.run("sync", "--package", "web")
    assert "model" not in said.out + said.err
