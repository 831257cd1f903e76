"""The same sources give the same bytes: wherever, whenever and by whomever they are built."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.release_trees import BACKEND, member, with_backend


def test_two_builds_give_the_same_bytes(run: Run, trees: Path, tmp_path: Path) -> None:
    member(trees, "core")
    assert run("build", "-o", "one").code == 0
    time.sleep(1.1)
    assert run("build", "-o", "two", "--cache-dir", tmp_path / "other").code == 0
    for path in (trees / "one").iterdir():
        assert path.read_bytes() == (trees / "two" / path.name).read_bytes(), path.name


def test_equal_inputs_are_worked_on_in_the_same_place(run: Run, trees: Path, tmp_path: Path) -> None:
    """Compilers write down where they worked."""
    log = tmp_path / "places"
    noting = f"with open({str(log)!r}, 'a') as log: log.write(os.getcwd() + '\\n')\n    project = _read()"
    member(trees, "core", backend=BACKEND.replace("project = _read()", noting))
    assert run("build").code == 0
    places = log.read_text().splitlines()
    log.unlink()
    shutil.rmtree(tmp_path / "cache" / "built-v1")
    assert run("build").code == 0
    assert log.read_text().splitlines() == places
    assert any(Path(place).is_relative_to(tmp_path / "cache" / "tmp") for place in places)


PERSONAL = BACKEND.replace(
    "archive.writestr(zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0)), text)",
    """
            with open("written", "w") as file:
                file.write(text)
            info = zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0))
            at = path if os.path.exists(path) else "src/" + path if os.path.exists("src/" + path) else "written"
            info.external_attr = os.stat(at).st_mode << 16
            os.unlink("written")
            archive.writestr(info, text)
""",
)
"""A backend that packs the modes of files, those of the tree and those that it wrote."""


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
@pytest.mark.parametrize("kinds", [[], ["--wheel"], ["--sdist"]])
def test_builds_are_the_same_whatever_the_umask(run: Run, trees: Path, tmp_path: Path, kinds: list[str]) -> None:
    made = []
    before = os.umask(0o022)
    try:
        for umask in (0o022, 0o077, 0o002):
            os.umask(umask)
            shutil.rmtree(trees / "packages", ignore_errors=True)
            tree = member(trees, "one", backend=PERSONAL)
            (tree / "src" / "tool.py").write_text("#!python\n")
            (tree / "src" / "tool.py").chmod(0o777 & ~umask)
            result = run("build", *kinds, "-o", f"out-{umask:o}", "--cache-dir", tmp_path / f"cache-{umask:o}")
            assert result.code == 0, result.err
            made.append({path.name: path.read_bytes() for path in (trees / f"out-{umask:o}").iterdir()})
    finally:
        os.umask(before)
    assert made[0] == made[1] == made[2]
    for name in made[0]:
        if name.endswith(".whl"):
            with zipfile.ZipFile(trees / "out-77" / name) as archive:
                modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
            assert modes.pop("tool.py") == (0o755 if kinds else 0o644), "this sdist has no modes"
            assert set(modes.values()) == {0o644}


@pytest.mark.parametrize("out", ["out", ".", "src", "deep/er"])
def test_what_was_built_into_a_member_is_not_in_its_next_sdist(run: Run, trees: Path, out: str) -> None:
    tree = member(trees, "one")
    (tree / "data").mkdir()
    (tree / "data" / "other-1.0-py3-none-any.whl").write_bytes(b"vendored")
    made = []
    for _ in range(3):
        result = run("build", "-o", tree / out)
        assert result.code == 0, result.err
        made.append({path.name: path.read_bytes() for path in (tree / out).glob("one-1.0*")})
    assert made[0] == made[1] == made[2]
    with tarfile.open(tree / out / "one-1.0.tar.gz") as archive:
        assert "one-1.0/data/other-1.0-py3-none-any.whl" in archive.getnames(), "what is not ours stays"
    assert run("build", "-o", trees / "elsewhere").code == 0
    with tarfile.open(trees / "elsewhere" / "one-1.0.tar.gz") as archive:
        there = [name for name in archive.getnames() if "one-1.0-py3" in name or ".tar.gz" in name]
    assert not there or out in {".", "src"}, "what was built elsewhere before is packed from folders of sources alone"


def test_a_cache_inside_a_member_is_not_packed(run: Run, trees: Path) -> None:
    tree = with_backend(trees).parents[1]
    made = []
    for _ in range(2):
        result = run("build", "--find-links", trees / "wheels", "--cache-dir", tree / "cache")
        assert result.code == 0, result.err
        made.append((trees / "dist" / "app-1.0.tar.gz").read_bytes())
    with tarfile.open(trees / "dist" / "app-1.0.tar.gz") as archive:
        assert not [name for name in archive.getnames() if "cache" in name]
    assert made[0] == made[1]


def test_the_fixed_day_the_callers_and_a_number_decide_the_time(
    run: Run, trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(trees, "core")

    def built() -> int:
        assert run("build", "--sdist").code == 0
        with tarfile.open(trees / "dist" / "core-1.0.tar.gz") as archive:
            return int(archive.getmembers()[0].mtime)

    assert built() == 1580601600
    manifest = trees / "pyproject.toml"
    manifest.write_text(manifest.read_text() + "[tool.interlock.build]\nsource-date-epoch = 1600000000\n")
    assert built() == 1600000000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert built() == 1700000000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    assert run("build", "--json").json()["error"]["code"] == "invalid-build-table"


def test_what_lies_in_dist_is_no_input_of_a_root_that_is_a_member(run: Run, trees: Path) -> None:
    tree = member(trees, "core")
    for name in ("backend.py", "src"):
        (tree / name).rename(trees / name)
    (trees / "pyproject.toml").write_text((tree / "pyproject.toml").read_text())
    assert run("build").code == 0
    (trees / "dist" / ".interlock-publish.json").write_text("{}")
    (trees / "dist" / "core-1.0.tar.gz.publish.attestation").write_text("{}")
    assert run("build", "--json").json()["hooks"] == 0


def test_the_time_of_the_commit_can_be_asked_for(run: Run, trees: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member(trees, "core")
    manifest = trees / "pyproject.toml"
    manifest.write_text(manifest.read_text() + '[tool.interlock.build]\nsource-date-epoch = "commit"\n')
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1650000000 +0000")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=trees, check=True, capture_output=True)
    assert run("build", "--sdist").code == 0
    with tarfile.open(trees / "dist" / "core-1.0.tar.gz") as archive:
        assert int(archive.getmembers()[0].mtime) == 1650000000
    manifest.write_text(manifest.read_text().replace('"commit"', '"tomorrow"'))
    assert run("build", "--json").json()["error"]["code"] == "invalid-build-table"
