"""Backends that fail, lie or litter: the member is named, and nothing of theirs gets out."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.release_trees import BACKEND, dist, member, members


def test_a_label_does_not_make_another_version_right(run: Run, trees: Path) -> None:
    member(trees, "odd", backend=BACKEND.replace("project = _read()", "project = _read() | {'version': '2.0+x'}"))
    error = members(run("build", "--json").json())["odd"]["error"]
    assert (error["code"], "1.0 of odd" in error["message"]) == ("invalid-build-result", True)


def test_a_failing_member_does_not_stop_the_others(run: Run, trees: Path) -> None:
    member(trees, "good")
    member(trees, "bad", backend="def build_sdist(folder, config_settings=None):\n    raise ValueError('no luck')\n")
    member(trees, "user", requires=["bad"])
    result = run("build", "--all-packages", "--json")
    assert result.code == 1
    found = members(result.json())
    assert found["good"]["status"] == "built"
    assert found["bad"]["error"]["code"] == "backend-failed"
    assert "no luck" in found["bad"]["error"]["message"]
    assert Path(found["bad"]["error"]["facts"]["log"]).read_text().count("no luck") >= 1
    assert found["user"]["error"]["code"] == "build-requirement-failed"
    assert "bad" in found["user"]["error"]["message"]
    assert not any("bad" in name for name in dist(trees))


PACK = """
import io, tarfile
def _pack(folder, path):
    with tarfile.open(folder + "/odd-1.0.tar.gz", "w:gz") as archive:
        for name in ("odd-1.0/PKG-INFO", path):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
"""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("print('x' * 100); return 7", "invalid-build-result"),
        ("return 'missing-1.0.tar.gz'", "invalid-build-result"),
        ("import os; os._exit(3)", "backend-failed"),
        ("import sys; sys.exit('enough')", "backend-failed"),
        ("import time; time.sleep(60)", "build-timeout"),
        ("open(folder + '/other-1.0.tar.gz', 'wb').close(); return 'other-1.0.tar.gz'", "invalid-build-result"),
        ("open(folder + '/odd-9.tar.gz', 'wb').close(); return 'odd-9.tar.gz'", "invalid-build-result"),
        ("return '../odd-1.0.tar.gz'", "invalid-build-result"),
        ("open('../odd-1.0.tar.gz', 'wb').close(); return 'odd-1.0.tar.gz'", "invalid-build-result"),
        ("_pack(folder, '../../evil'); return 'odd-1.0.tar.gz'", "invalid-build-result"),
        ("_pack(folder, '/evil'); return 'odd-1.0.tar.gz'", "invalid-build-result"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "backend-failed"),
        ("import os; os.write(1, b'\\0\\0\\0\\2{}' * 99); os.close(1); os.close(2); return []", "invalid-build-result"),
    ],
)
def test_a_misbehaving_backend_is_an_error_that_names_the_member(run: Run, trees: Path, body: str, code: str) -> None:
    member(trees, "odd", backend=f"{PACK}\ndef build_sdist(folder, config_settings=None):\n    {body}\n")
    result = run("build", "--timeout", "1", "--json")
    assert result.code == 1
    error = members(result.json())["odd"]["error"]
    assert error["code"] == code
    assert "odd" in error["message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"Metadata-Version: 2.4", f"Name: {project[\'name\']}"', '"Metadata-Version: 2.4", "Name: other"'), "other"),
        (('f"{stem}.dist-info/RECORD,,"', 'add("../evil.py", "x") or ""'), "../evil.py"),
        (("return name\n", 'return "odd-2.0-py3-none-any.whl"\n'), "odd-2.0-py3-none-any.whl"),
    ],
)
def test_a_wheel_that_is_not_what_it_says_never_gets_out(
    run: Run, trees: Path, change: tuple[str, str], words: str
) -> None:
    sdist, wheel = BACKEND.split("def build_wheel")
    metadata, rest = sdist.split("def _stem")
    if change[0] in metadata:
        metadata = metadata.replace(*change)
    wheel = wheel.replace(*change)
    member(trees, "odd", backend=f"{metadata}def _stem{rest}def build_wheel{wheel}")
    error = members(run("build", "--wheel", "--json").json())["odd"]["error"]
    assert (error["code"], words in error["message"], "odd" in error["message"]) == ("invalid-build-result", True, True)
    assert not (trees / "dist").exists() or not list((trees / "dist").glob("*.whl"))


def test_files_that_appear_outside_of_a_member_are_told(run: Run, trees: Path) -> None:
    littering = BACKEND.replace("project = _read()", "open('../stray', 'w').close(); project = _read()", 1)
    member(trees, "odd", backend=littering)
    member(trees, "tidy")
    assert "stray-files" not in run("build", "--package", "tidy").err
    result = run("build", "--package", "odd")
    assert result.code == 1
    assert "packages/stray appeared while odd was built, outside of its directory" in result.err
    assert "Built 1 member, 0 unchanged, 1 with problems (odd)" in result.err
    (trees / "packages" / "stray").unlink()
    for name in ("even", "other"):
        member(
            trees,
            name,
            backend=littering.replace("project = _read()", "project = _read()\n    import time; time.sleep(0.5)", 1),
        )
    several = run("build", "--all-packages", "--sdist")
    assert "warning[stray-files]: packages/stray appeared while one of " in several.err


def test_a_missing_backend_is_an_error(run: Run, trees: Path) -> None:
    tree = member(trees, "odd")
    (tree / "backend.py").unlink()
    error = members(run("build", "--json").json())["odd"]["error"]
    assert (error["code"], "backend" in error["message"]) == ("backend-unavailable", True)


def test_a_backend_that_forks_cannot_answer_twice(run: Run, trees: Path) -> None:
    forking = BACKEND.replace("project = _read()", "os.fork(); project = _read()", 1)
    member(trees, "odd", backend=forking)
    result = run("build", "--sdist")
    if result.code:
        # Both processes write one file, and the stray one may have begun anew when it was ended: told, not kept.
        assert "odd" in result.err
        assert not (trees / "dist" / "odd-1.0.tar.gz").exists()
        return
    with tarfile.open(trees / "dist" / "odd-1.0.tar.gz") as archive:
        assert "odd-1.0/PKG-INFO" in archive.getnames()
