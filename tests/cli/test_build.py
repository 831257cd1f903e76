"""``interlock build``, from the command line to the files in ``dist``; offline, with the members' own backends."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.release_trees import BACKEND, dist, member, members


def test_builds_the_wheel_from_the_sdist_and_says_which_files(run: Run, trees: Path) -> None:
    tree = member(trees, "core")
    (tree / "MARK").write_text("only in the tree's sdist")
    result = run("build", "--json")
    assert result.code == 0, result.err
    assert dist(trees) == [".gitignore", "core-1.0-py3-none-any.whl", "core-1.0.tar.gz"]
    found = members(result.json())["core"]
    assert (found["status"], found["version"], found["error"]) == ("built", "1.0", None)
    for file in found["files"]:
        data = Path(file["file"]).read_bytes()
        assert (file["sha256"], file["size"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert [file["kind"] for file in found["files"]] == ["sdist", "wheel"]
    with tarfile.open(trees / "dist" / "core-1.0.tar.gz") as archive:
        assert "core-1.0/MARK" in archive.getnames()


def test_builds_again_only_what_changed(run: Run, trees: Path) -> None:
    for name in ("one", "two", "three"):
        member(trees, name)
    first = run("build", "--all-packages", "--json").json()
    assert first["hooks"] > 0
    again = run("build", "--all-packages", "--json").json()
    assert (again["hooks"], {found["status"] for found in again["members"]}) == (0, {"cached"})
    (trees / "packages" / "two" / "src" / "two.py").write_text("NAME = 'changed'\n")
    third = run("build", "--all-packages", "--json").json()
    assert {name for name, found in members(third).items() if not found["cached"]} == {"two"}


def test_restores_files_that_were_deleted_or_changed(run: Run, trees: Path) -> None:
    member(trees, "core")
    run("build")
    wheel = trees / "dist" / "core-1.0-py3-none-any.whl"
    good = wheel.read_bytes()
    wheel.write_bytes(good[:-1] + b"x")
    (trees / "dist" / "core-1.0.tar.gz").unlink()
    assert run("build", "--json").json()["hooks"] == 0
    assert wheel.read_bytes() == good
    assert (trees / "dist" / "core-1.0.tar.gz").is_file()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[tool.interlock]\npackage = false\n", "says `package = false`"),
        ("[tool.uv]\npackage = false\n", "says `package = false`"),
        ("", "has no [build-system]"),
    ],
)
def test_what_is_no_package_is_told_why(run: Run, trees: Path, table: str, words: str) -> None:
    manifest = member(trees, "one") / "pyproject.toml"
    text = manifest.read_text() if table else "[project]" + manifest.read_text().partition("[project]")[2]
    manifest.write_text(f"{text}\n{table}")
    for command in ("build", "publish"):
        result = run(command, "--package", "one")
        assert (result.code, f"one is not a package: packages/one/pyproject.toml {words}." in result.err) == (1, True)


def test_only_the_asked_member_and_kind_are_built(run: Run, trees: Path) -> None:
    member(trees, "one")
    member(trees, "two")
    assert run("build", "--package", "two", "--wheel", "-o", "out").code == 0
    assert [path.name for path in (trees / "out").iterdir()] == ["two-1.0-py3-none-any.whl"]


def test_clear_removes_other_distributions_and_nothing_else(run: Run, trees: Path) -> None:
    member(trees, "one")
    (trees / "dist").mkdir()
    (trees / "dist" / "old-1.0.tar.gz").write_bytes(b"old")
    (trees / "dist" / "notes.txt").write_text("mine")
    assert run("build", "--clear", "--sdist").code == 0
    assert dist(trees) == [".gitignore", "notes.txt", "one-1.0.tar.gz"]


def test_settings_reach_the_backend(run: Run, trees: Path) -> None:
    failing = BACKEND.replace("project = _read()", "raise ValueError('stop')", 1)
    member(trees, "one", backend=failing)
    result = run("build", "-c", "a=1", "-c", "b=2", "-c", "b=3")
    assert result.code == 1
    assert "[('a', '1'), ('b', ['2', '3'])]" in result.err


def test_a_local_version_is_added_by_backends_that_can(run: Run, trees: Path) -> None:
    labels = BACKEND.replace(
        "project = _read()",
        "project = _read(); label = (config_settings or {}).get('local-version')\n"
        "    project['version'] += f'+{label}' if label else ''",
    )
    member(trees, "core", backend=labels)
    member(trees, "app", needs=["core"], backend=labels)
    assert run("build", "--all-packages", "--local-version", "site.1").code == 0
    names = [f"{name}-1.0+site.1{ending}" for name in ("app", "core") for ending in ("-py3-none-any.whl", ".tar.gz")]
    assert dist(trees) == [".gitignore", *names]
    member(trees, "plain")
    for _ in range(2):
        result = run("build", "--all-packages", "-l", "site.1", "--json")
        assert result.code == 1
        found = members(result.json())
        assert {name: len(one["problems"]) for name, one in found.items()} == {"app": 0, "core": 0, "plain": 1}
        assert "+site.1" in found["plain"]["problems"][0]


def test_a_member_that_is_no_package_is_told(run: Run, trees: Path) -> None:
    (trees / "packages" / "plain").mkdir(parents=True)
    (trees / "packages" / "plain" / "pyproject.toml").write_text('[project]\nname = "plain"\nversion = "1"\n')
    member(trees, "real")
    assert [found["name"] for found in run("build", "--json").json()["members"]] == ["real"]
    result = run("build", "--package", "plain", "--json")
    assert result.json()["error"]["code"] == "nothing-to-build"


def test_a_format_is_the_same_in_other_words(run: Run, trees: Path) -> None:
    member(trees, "one")
    assert run("build", "--format", "sdist").code == 0
    assert dist(trees) == [".gitignore", "one-1.0.tar.gz"]
