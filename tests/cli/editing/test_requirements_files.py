"""What ``add`` takes from requirements files, to members and to scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.editing.conftest import dependencies, unchanged


def test_requirements_files_that_include_each_other_are_read_once(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("-r s.txt\nflask==3.0\n")
    (tmp_path / "s.txt").write_text("-r r.txt\n-r ./s.txt\nclick # why\n")
    result = run("add", "-r", tmp_path / "r.txt", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == ["catalog", "click>=8.1.7", "flask==3.0"]


def test_requirements_files(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("click # why\n")
    (tmp_path / "r.txt").write_text("flask==3.0 --hash=sha256:00 \\\n  --hash=sha256:11\n-r more.txt\n")
    (tmp_path / "c.txt").write_text("click<8.1\n")
    result = run("add", "-r", tmp_path / "r.txt", "-c", tmp_path / "c.txt", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == ["catalog", "click>=8.0", "flask==3.0"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_requirements_files_of_other_editors(run: Run, shop: Path, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "more.txt").write_text("click # why\n", encoding)
    (tmp_path / "r.txt").write_text("flask==3.0\r\n-r more.txt\r\n", encoding)
    result = run("add", "-r", tmp_path / "r.txt", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == ["catalog", "click>=8.1.7", "flask==3.0"]


def test_requirements_files_that_are_no_text_change_nothing(run: Run, shop: Path, tmp_path: Path) -> None:
    for data in (b"\xff\xfex", b"caf\xe9\n", b"\x00\xd8"):
        (tmp_path / "r.txt").write_bytes(data)
        with unchanged(shop):
            result = run("add", "-r", tmp_path / "r.txt", "--no-sync")
        assert result.code in {1, 2}, result.err


def test_a_script_gets_what_files_list(run: Run, shop: Path, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_bytes(b"\xef\xbb\xbfprint(1)\n")
    (tmp_path / "r.txt").write_text("tiny\n")
    assert run("add", "--script", script, "-r", tmp_path / "r.txt").code == 0
    assert script.read_bytes().startswith(b"\xef\xbb\xbf# /// script\n") and b'"tiny>=0.4.1"' in script.read_bytes()
    for words in (["-c", tmp_path / "r.txt", "click"], []):
        with unchanged(tmp_path):
            assert run("add", "--script", script, *words).code == 2


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_script_that_is_not_there_is_named(run: Run, shop: Path, tmp_path: Path, command: str) -> None:
    result = run(command, "--script", tmp_path / "no.py", "click")
    assert (result.code, "no.py cannot be read" in result.err) == (1, True)
