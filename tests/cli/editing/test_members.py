"""Directories and repositories that are added and removed: members, paths and git."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.editing.conftest import dependencies, manifest


def test_a_member_is_added_by_name_or_path_and_removed_with_its_source(run: Run, shop: Path) -> None:
    assert run("remove", "catalog", "--no-sync").code == 0
    text = manifest(shop).read_text()
    assert "catalog" not in text
    assert "sources" not in text
    assert run("add", "catalog", "--no-sync").code == 0
    assert tomllib.loads(manifest(shop).read_text())["tool"]["interlock"]["sources"] == {"catalog": {"workspace": True}}
    assert run("remove", "catalog", "--no-sync").code == 0
    assert run("add", "../../packages/catalog", "--no-sync").code == 0
    assert dependencies(shop) == ["catalog"]


def test_a_directory_below_the_root_becomes_a_member(run: Run, shop: Path) -> None:
    (shop / "libs" / "extra").mkdir(parents=True)
    (shop / "libs" / "extra" / "pyproject.toml").write_text('[project]\nname = "extra"\nversion = "1"\n')
    assert run("add", "../../libs/extra", "--no-sync").code == 0
    root = tomllib.loads((shop / "pyproject.toml").read_text())
    assert root["tool"]["interlock"]["workspace"]["members"] == ["packages/*", "apps/*", "libs/extra"]
    assert run("lock", "--check").code == 0
    assert run("remove", "extra", "--no-sync").code == 0
    assert run("add", "../../libs/extra", "--no-workspace", "--editable", "--no-sync").code in {0, 1}


def test_a_directory_leaves_the_workspace(run: Run, shop: Path) -> None:
    (shop / "libs" / "extra").mkdir(parents=True)
    (shop / "libs" / "extra" / "pyproject.toml").write_text('[project]\nname = "extra"\nversion = "1"\n')
    assert run("add", "../../libs/extra", "--no-sync").code == 0
    before = {path: path.read_bytes() for path in (shop / "pyproject.toml", shop / "interlock.lock")}
    needed = run("remove", "../../libs/extra", "--no-sync")
    assert (needed.code, needed.err.partition(":")[0]) == (1, "error[still-needed]")
    assert {path: path.read_bytes() for path in before} == before
    assert run("remove", "extra", "--no-sync").code == 0
    gone = run("remove", "../../libs/extra", "--no-sync")
    assert gone.code == 0, gone.err
    assert "libs/extra is no member any more" in gone.err
    table = tomllib.loads((shop / "pyproject.toml").read_text())["tool"]["interlock"]["workspace"]
    assert table == {"members": ["packages/*", "apps/*"]}
    assert (shop / "libs" / "extra" / "pyproject.toml").exists()
    assert run("lock", "--check").code == 0
    # What a pattern finds has to be excluded.
    assert run("remove", "catalog", "--no-sync").code == 0
    assert run("remove", "../../packages/catalog/", "--no-sync").code == 0
    table = tomllib.loads((shop / "pyproject.toml").read_text())["tool"]["interlock"]["workspace"]
    assert table == {"members": ["packages/*", "apps/*"], "exclude": ["packages/catalog"]}
    assert [member["name"] for member in run("workspace", "list", "--json").json()["members"]] == ["web"]
    assert run("lock", "--check").code == 0
    assert run("remove", "../../packages/catalog", "--no-sync").code == 1


def test_a_path_dependency_is_removed_by_its_path(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "pyproject.toml").write_text('[project]\nname = "alone"\nversion = "1"\n')
    before = dependencies(shop)
    assert run("add", tmp_path / "alone", "--no-sync").code == 0
    assert dependencies(shop) != before
    result = run("remove", tmp_path / "alone", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == before


def test_a_git_repository_is_added_under_its_own_name(run: Run, shop: Path) -> None:
    repository = shop / "lib.git"
    repository.mkdir()
    (repository / "pyproject.toml").write_text('[project]\nname = "lib-x"\nversion = "1"\n')
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"], ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    result = run("add", f"git+file://{repository}@v1", "--no-sync")
    assert result.code == 0, result.err
    assert "lib-x" in dependencies(shop)
    source = tomllib.loads(manifest(shop).read_text())["tool"]["interlock"]["sources"]["lib-x"]
    assert source == {"git": f"file://{repository}", "rev": "v1"}
