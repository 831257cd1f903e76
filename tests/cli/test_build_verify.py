"""``build --verify``: what a user of the files would meet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.release_trees import BACKEND, member, root


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = root(tmp_path / "shop")
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(base))
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_NO_INDEX", "1")
    return base


def problems(run: Run, *arguments: str) -> dict[str, list[str]]:
    result = run("build", "--all-packages", "--verify", "--json", *arguments)
    found = {member["name"]: member["problems"] for member in result.json()["members"]}
    assert result.code == (1 if any(found.values()) else 0)
    return found


def test_good_members_pass_with_siblings_from_the_built_files(run: Run, trees: Path) -> None:
    member(trees, "core")
    tree = member(trees, "app", needs=["core==1.0"], more='[project.scripts]\nshop = "app:main"\n')
    (tree / "src" / "app.py").write_text(
        "import argparse, core\n\ndef main():\n    argparse.ArgumentParser(core.NAME).parse_args()\n"
    )
    assert problems(run) == {"app": [], "core": []}


def test_each_fault_is_found_and_named(run: Run, trees: Path) -> None:
    tree = member(trees, "forgetful")
    (tree / "src" / "forgetful.py").write_text("import forgetful_data\n")
    tree = member(trees, "silent", more='[project.scripts]\nsilent = "silent:main"\n')
    (tree / "src" / "silent.py").write_text("def main():\n    raise SystemExit('no --help here')\n")
    member(trees, "lonely", needs=["nowhere-to-be-had>=2"])
    licensed = BACKEND.replace('"Metadata-Version: 2.4"', '"Metadata-Version: 2.4", "License-File: LICENSE"')
    member(trees, "unlicensed", backend=licensed)
    readme = BACKEND.replace('return "\\n".join([*lines, ""])', 'return "\\n".join([*lines, "", "*bad `rst\\n==="])')
    member(trees, "unreadable", backend=readme)
    found = problems(run)
    assert "No module named 'forgetful_data'" in found["forgetful"][0]
    assert "no --help here" in found["silent"][0]
    assert "nowhere-to-be-had" in found["lonely"][0]
    assert len(found["unlicensed"]) == 2
    assert all("LICENSE" in text for text in found["unlicensed"])
    assert "cannot be rendered" in found["unreadable"][0]


def test_a_fault_that_was_mended_is_found_no_more(run: Run, trees: Path) -> None:
    tree = member(trees, "mended")
    (tree / "src" / "mended.py").write_text("import gone_for_good\n")
    assert "No module named 'gone_for_good'" in problems(run)["mended"][0]
    (tree / "src" / "mended.py").write_text("NAME = 'mended'\n")
    assert problems(run) == {"mended": []}


def test_one_member_is_tried_with_what_was_built_before(run: Run, trees: Path) -> None:
    member(trees, "core")
    member(trees, "app", needs=["core"])
    assert run("build", "--package", "core").code == 0
    assert run("build", "--package", "app", "--verify").code == 0
    (trees / "dist" / "core-1.0-py3-none-any.whl").unlink()
    result = run("build", "--package", "app", "--verify", "--cache-dir", trees / "cache")
    assert result.code == 1
    assert "cannot be installed" in result.err
