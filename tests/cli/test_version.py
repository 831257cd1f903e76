"""``interlock version``, from the command line to the manifests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.release_trees import BACKEND, member


@pytest.fixture
def trees(trees: Path) -> Path:
    member(trees, "a", needs=["b"])
    member(trees, "b", version="0.3.1", needs=["c"])
    member(trees, "c", version="2.0")
    return trees


def versions(base: Path) -> dict[str, str]:
    found = {}
    for path in sorted((base / "packages").glob("*/pyproject.toml")):
        line = next(line for line in path.read_text().splitlines() if line.startswith("version"))
        found[path.parent.name] = line.partition('"')[2].partition('"')[0]
    return found


def policy(base: Path, text: str) -> None:
    manifest = base / "pyproject.toml"
    manifest.write_text(manifest.read_text() + f"[tool.interlock.version]\n{text}\n")


def test_shows_one_several_and_all(run: Run, trees: Path) -> None:
    assert run("version", "--all-packages").out == "a 1.0\nb 0.3.1\nc 2.0\n"
    assert run("version", "--package", "b", "-s").out == "0.3.1\n"
    assert run("version", "-C", trees / "packages" / "c").out == "c 2.0\n"


def test_an_edit_keeps_everything_else_and_the_lock(run: Run, trees: Path) -> None:
    manifest = trees / "pyproject.toml"
    sources = "".join(f"{name} = {{ workspace = true }}\n" for name in "abc")
    manifest.write_text(manifest.read_text() + f"[tool.interlock.sources]\n{sources}")
    assert run("lock").code == 0
    lock = (trees / "interlock.lock").read_bytes()
    path = trees / "packages" / "c" / "pyproject.toml"
    text = path.read_text().replace('version = "2.0"', "version   =  '2.0'  # of the year")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert run("version", "--package", "c", "2.1").out == "c 2.0 => 2.1\n"
    assert path.read_bytes() == text.replace("'2.0'", '"2.1"').replace("\n", "\r\n").encode()
    assert (trees / "interlock.lock").read_bytes() == lock
    assert run("lock", "--check").code == 0


def test_rules_of_both_kinds_and_a_dry_run(run: Run, trees: Path) -> None:
    assert run("version", "--package", "b", "prerelease", "--dry-run").out == "b 0.3.1 => 0.3.2a0\n"
    assert versions(trees)["b"] == "0.3.1"
    assert run("version", "--package", "b", "--bump", "minor", "--bump", "rc", "-s").out == "0.4.0rc1\n"
    assert run("version", "--package", "b", "prerelease", "--next-phase", "-s").out == "0.4.0\n"
    assert versions(trees)["b"] == "0.4.0"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("none", {"a": "1.0", "b": "0.3.1", "c": "2.1"}),
        ("patch", {"a": "1.0.1", "b": "0.3.2", "c": "2.1"}),
        ("same", {"a": "2.1", "b": "2.1", "c": "2.1"}),
    ],
)
def test_dependents_follow_as_asked(run: Run, trees: Path, how: str, expected: dict[str, str]) -> None:
    assert run("version", "--package", "c", "--bump", "minor", "--dependents", how).code == 0
    assert versions(trees) == expected


def test_a_written_range_that_is_left_behind_is_told(run: Run, trees: Path) -> None:
    member(trees, "d", needs=["c>=2,<3"], more='[project.optional-dependencies]\nmore = ["b==9"]\n')
    assert "left-behind" not in run("version", "--package", "c", "--bump", "minor").err
    result = run("version", "--package", "c", "--package", "b", "--bump", "major")
    assert result.code == 0
    assert "d requires `c<3,>=2` (packages/d/pyproject.toml), which 3.0 is not" in result.err
    assert result.err.count("requirement-left-behind") == 1, "what never fitted is no news"


def test_members_of_a_group_stay_together(run: Run, trees: Path) -> None:
    policy(trees, 'groups = [["a", "c"]]')
    found = run("version", "--package", "a", "--bump", "patch", "--json").json()
    assert {item["name"]: (item["version"], item["reason"]) for item in found["members"]} == {
        "a": ("2.0.1", "asked"),
        "c": ("2.0.1", "group"),
    }
    assert versions(trees) == {"a": "2.0.1", "b": "0.3.1", "c": "2.0.1"}


def test_only_what_changed_since_a_reference(run: Run, trees: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=trees, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    git("tag", "v1")
    (trees / "packages" / "b" / "src" / "b.py").write_text("NEW = 1\n")
    (trees / "packages" / "c" / "src" / "more.py").write_text("NEW = 1\n")
    assert run("version", "--bump", "patch", "--changed", "v1").out == "b 0.3.1 => 0.3.2\nc 2.0 => 2.0.1\n"
    unknown = run("version", "--bump", "patch", "--changed", "v9", "--json")
    assert (unknown.code, unknown.json()["error"]["code"]) == (1, "git-failed")


def test_a_dynamic_version_is_shown_as_what_it_is(run: Run, trees: Path) -> None:
    dynamic = BACKEND.replace(
        'return tomllib.load(file)["project"]', 'return {"version": "7.1", **tomllib.load(file)["project"]}'
    )
    path = member(trees, "d", backend=dynamic, more='dynamic = ["version"]\n') / "pyproject.toml"
    text = path.read_text().replace('version = "1.0"\n', "")
    path.write_text(text + '[tool.hatch.version]\npath = "src/d.py"\n')
    assert run("version", "--package", "d").out == "d 7.1 (dynamic, from hatch's version source (src/d.py))\n"
    error = run("version", "--package", "d", "8.0", "--json").json()["error"]
    assert (error["code"], "src/d.py" in error["message"]) == ("dynamic-version", True)
    assert "d 7" not in run("version", "--all-packages", "--bump", "patch").out


def test_when_one_manifest_cannot_be_changed_none_is(run: Run, trees: Path) -> None:
    before = versions(trees)
    result = run("version", "--package", "a", "--package", "b", "--bump", "alpha", "--json")
    assert (result.code, result.json()["error"]["code"]) == (2, "bad-bump")
    assert versions(trees) == before


@pytest.mark.parametrize("text", ['groups = "some"', 'groups = [["nobody"]]', 'dependents = "all"'])
def test_a_table_that_cannot_be_used_is_an_error(run: Run, trees: Path, text: str) -> None:
    policy(trees, text)
    assert run("version", "--package", "c", "3.0").code in {1, 2}
    assert versions(trees)["c"] == "2.0"
