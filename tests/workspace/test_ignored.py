from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from interlock.workspace.ignored import holds_only_ignored


@pytest.mark.parametrize(
    ("rules", "files", "ignored"),
    [
        ("", [], True),
        ("", ["a.py"], False),
        ("*.pyc\n", ["x/a.pyc", "b.pyc"], True),
        ("*.pyc\n", ["x/a.pyc", "b.py"], False),
        ("__pycache__/\n", ["x/__pycache__/a.py"], True),
        ("__pycache__/\n", ["__pycache__"], False),
        ("/pkg/build\n", ["build/x"], True),
        ("/build\n", ["build/x"], False),
        ("*\n!keep.txt\n", ["a", "keep.txt"], True),
        ("*.txt\n!keep.txt\n", ["a.txt", "keep.txt"], False),
        ("pkg/\n", ["anything"], True),
        ("**/gen/*.py\n", ["a/gen/x.py"], True),
        ("a/**/z\n", ["a/b/z"], False),
        ("pkg/a/**/z\n", ["a/b/c/z"], True),
        ("[xy].log\n# comment\n\n", ["x.log"], True),
        ("file?.tmp\n", ["file1.tmp"], True),
    ],
)
def test_rules_as_git_understands_them(tmp_path: Path, rules: str, files: list[str], ignored: bool) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(rules)
    directory = tmp_path / "pkg"
    directory.mkdir()
    for name in files:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    said = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "--others", "--exclude-standard", "pkg"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert (not said.stdout) is ignored
    assert holds_only_ignored(directory) is ignored


def test_without_a_repository_nothing_is_ignored(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / "pkg").mkdir()
    assert holds_only_ignored(tmp_path / "pkg")
    (tmp_path / "pkg/x").touch()
    assert not holds_only_ignored(tmp_path / "pkg")
