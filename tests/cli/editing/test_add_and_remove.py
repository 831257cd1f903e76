"""add, remove and update, from the command line to the bytes of manifests, lock and environment."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.editing.conftest import dependencies, manifest, unchanged
from tests.index_server import IndexServer
from tests.registry import Registry, registry


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (["flask"], "flask>=3.1.2"),
        (["Flask@^3"], "Flask>=3,<4"),
        (["flask@latest"], "flask>=3.1.2"),
        (["flask==3.0"], "flask==3.0"),
        (["jinja[x]>=3"], "jinja[x]>=3"),
        (["flask", "--bounds", "major"], "flask>=3.1.2,<4.0.0"),
        (["flask", "--bounds", "minor"], "flask>=3.1.2,<3.2.0"),
        (["flask", "--bounds", "exact"], "flask==3.1.2"),
        (["tiny", "--bounds", "major"], "tiny>=0.4.1,<0.5.0"),
        (["flask", "--raw"], "flask"),
        (["click", "--pre"], "click>=9.0b1"),
        (["flask", "--markers", "sys_platform == 'linux'"], "flask>=3.1.2 ; sys_platform == 'linux'"),
        (["flask", "--platform", "win32"], "flask>=3.1.2 ; sys_platform == 'win32'"),
        (["flask", "--python", ">=3.12"], "flask>=3.1.2 ; python_version >= '3.12'"),
        (["flask", "-E", "async"], "flask[async]>=3.1.2"),
    ],
)
def test_add_forms(run: Run, shop: Path, typed: list[str], written: str) -> None:
    result = run("add", "--no-sync", *typed)
    assert result.code == 0, result.err
    assert written in dependencies(shop)
    assert run("lock", "--check").code == 0


def test_add_by_setting(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = shop / "pyproject.toml"
    root.write_text(
        root.read_text().replace(
            "[tool.interlock.workspace]", '[tool.interlock]\nadd-bounds = "exact"\n[tool.interlock.workspace]'
        )
    )
    assert run("add", "--no-sync", "flask").code == 0
    assert "flask==3.1.2" in dependencies(shop)
    monkeypatch.setenv("INTERLOCK_ADD_BOUNDS", "major")
    assert run("add", "--no-sync", "click").code == 0
    assert "click>=8.1.7,<9.0.0" in dependencies(shop)


def test_add_to_groups_and_extras_of_several_members(run: Run, shop: Path) -> None:
    assert run("add", "--no-sync", "-D", "click", "--package", "web", "--package", "catalog").code == 0
    assert run("add", "--no-sync", "-G", "docs", "safe", "--all-packages").code == 0
    assert run("add", "--no-sync", "--optional", "web", "flask").code == 0
    for member in ("apps/web", "packages/catalog"):
        read = tomllib.loads(manifest(shop, member).read_text())
        assert read["dependency-groups"] == {"dev": ["click>=8.1.7"], "docs": ["safe>=2.1"]}
    assert tomllib.loads(manifest(shop).read_text())["project"]["optional-dependencies"] == {"web": ["flask>=3.1.2"]}
    assert run("lock", "--check").code == 0


def test_add_installs_and_remove_uninstalls_what_nothing_needs(run: Run, shop: Path) -> None:
    # Neither member has a build system, so neither is built.
    result = run("add", "flask", "click")
    assert result.code == 0, result.err
    site = next((shop / ".venv" / "lib").glob("python*")) / "site-packages"
    assert (site / "flask.py").exists() and (site / "safe.py").exists()
    result = run("remove", "flask")
    assert result.code == 0, result.err
    assert not (site / "flask.py").exists() and not (site / "safe.py").exists()
    assert (site / "click.py").exists()
    assert "flask" not in (shop / "interlock.lock").read_text()


def test_a_failing_add_changes_nothing(run: Run, shop: Path, packages: Registry) -> None:
    assert run("add", "flask", "--no-sync").code == 0
    with unchanged(shop):
        assert run("add", "click", "no-such-package").code == 1
        assert run("add", "flask>=99").code == 1
        assert run("add", "web").code == 2
        assert run("add", "-G", "a", "-D", "click").code == 2
        assert run("add", "./nowhere").code == 2
        shown = run("add", "click", "--dry-run")
        assert shown.code == 0
        assert shown.out.startswith("--- apps/web/pyproject.toml\n+++ apps/web/pyproject.toml\n@@ ")
        assert [line for line in shown.out.splitlines() if line.startswith("+ ")]
        assert run("remove", "nope").code == 1


def test_a_sync_that_fails_takes_the_change_back(run: Run, shop: Path) -> None:
    # catalog is a package without a build backend that works, so the environment cannot be made.
    text = manifest(shop, "packages/catalog").read_text()
    manifest(shop, "packages/catalog").write_text(
        text + '[build-system]\nrequires = []\nbuild-backend = "gone"\nbackend-path = ["."]\n'
    )
    assert run("lock").code == 0
    manifests = {path: path.read_bytes() for path in (manifest(shop), shop / "interlock.lock")}
    result = run("add", "flask")
    assert result.code == 1
    assert {path: path.read_bytes() for path in manifests} == manifests


def test_present_ones_are_left_alone_and_new_bounds_replace_old_ones(run: Run, shop: Path) -> None:
    assert run("add", "--no-sync", "flask@^3").code == 0
    with unchanged(shop):
        result = run("add", "--no-sync", "FLASK")
        assert (result.code, result.err) == (0, "FLASK is there already; give a version to change it.\n")
    assert run("add", "--no-sync", "flask<3.1").code == 0
    assert dependencies(shop) == ["catalog", "flask<3.1"]
    assert run("add", "--no-sync", "flask@latest").code == 0
    assert dependencies(shop) == ["catalog", "flask>=3.1.2"]


def test_the_file_keeps_its_bytes(run: Run, shop: Path) -> None:
    before = (
        b'# top\r\n[project]\r\nname = "web"\r\nversion = "3.0"\r\nrequires-python = ">=3.11"\r\n'
        b'dependencies = [\r\n\t"catalog",   # ours\r\n\t"safe" # theirs\r\n\t# end\r\n]\r\n\r\n'
        b"[tool.interlock.sources]\r\ncatalog = { workspace = true } # ours\r\n"
    )
    manifest(shop).write_bytes(before)
    assert run("add", "flask", "--no-sync").code == 0
    after = manifest(shop).read_bytes()
    assert after == before.replace(b'\t"safe" # theirs\r\n', b'\t"safe" # theirs\r\n').replace(
        b'\t"catalog",   # ours\r\n', b'\t"catalog",   # ours\r\n\t"flask>=3.1.2",\r\n'
    )
    assert run("remove", "flask", "--no-sync").code == 0
    assert manifest(shop).read_bytes() == before


def test_sources_and_indexes_are_written(run: Run, shop: Path, index: Callable[..., IndexServer]) -> None:
    other = index(registry(house={"1.0": []}))
    assert run("add", "house", "--index", f"inner={other.url}", "--no-sync").code == 0
    root = tomllib.loads((shop / "pyproject.toml").read_text())
    assert [entry["name"] for entry in root["tool"]["interlock"]["index"]] == ["inner"]
    assert tomllib.loads(manifest(shop).read_text())["tool"]["interlock"]["sources"]["house"] == {"index": "inner"}
    assert run("lock", "--check").code == 0


def test_frozen_writes_the_manifest_alone(run: Run, shop: Path) -> None:
    assert run("add", "flask", "--frozen").code == 0
    assert dependencies(shop) == ["catalog", "flask"]
    assert not (shop / "interlock.lock").exists()
    assert run("add", "click", "--locked").code == 3


def test_a_group_whose_last_entry_is_removed_stays_and_what_names_it_too(run: Run, shop: Path) -> None:
    before = manifest(shop).read_text()
    groups = '[dependency-groups]\na = ["click"]\nb = [{ include-group = "A" }, "safe"]\n'
    more = '[tool.interlock]\ndefault-groups = ["a"]\nconflicts = [[{ group = "a" }, { extra = "x" }]]\n'
    extras = '[project.optional-dependencies]\nx = ["tiny"]\n'
    manifest(shop).write_text(before.replace("[tool", f"{extras}{groups}[tool", 1) + more)
    for options in (["-G", "a", "click"], ["--optional", "x", "tiny"]):
        result = run("remove", *options, "--no-sync")
        assert result.code == 0, result.err
    left = manifest(shop).read_text()
    assert (
        left
        == before.replace("[tool", f"{extras}{groups}[tool", 1).replace('["click"]', "[]").replace('["tiny"]', "[]")
        + more
    )


def test_update_all_named_and_beyond_the_bounds(run: Run, shop: Path, packages: Registry) -> None:
    assert run("add", "flask@~3.1", "click@^8", "--no-sync").code == 0
    packages.wheel("flask", "3.1.3", "jinja>=3")
    packages.wheel("click", "8.2")
    packages.wheel("click", "10.0")
    lock = shop / "interlock.lock"
    assert run("update", "click", "--lock").code == 0
    assert "8.2" in lock.read_text() and "3.1.3" not in lock.read_text()
    assert run("update", "nope").code == 1
    with unchanged(shop):
        assert "3.1.3" in run("update", "--dry-run").out
    assert run("update", "--no-sync").code == 0
    assert "3.1.3" in lock.read_text()
    assert run("update", "--bump", "click", "--no-sync").code == 0
    assert "click>=10.0" in dependencies(shop)
    assert "flask>=3.1,<3.2" in dependencies(shop)
