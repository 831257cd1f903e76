"""``interlock build``, from the command line to the files in ``dist``; offline, with the members' own backends."""

from __future__ import annotations

import hashlib
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.processes import alive, running, wait_for
from tests.release_trees import BACKEND, member
from tests.wheels import make_wheel


def members(document: Any) -> dict[str, Any]:
    return {found["name"]: found for found in document["members"]}


def dist(base: Path) -> list[str]:
    return sorted(path.name for path in (base / "dist").iterdir())


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


def test_a_member_can_be_a_build_requirement(run: Run, trees: Path) -> None:
    member(trees, "rules", needs=["words"])
    member(trees, "words")
    using = "import rules, words\n" + BACKEND
    member(trees, "app", requires=["rules"], backend=using)
    member(trees, "other")
    first = run("build", "--all-packages", "--json")
    assert first.code == 0, first.err
    (trees / "packages" / "words" / "src" / "words.py").write_text("NAME = 'changed'\n")
    second = members(run("build", "--all-packages", "--json").json())
    assert {name for name, found in second.items() if not found["cached"]} == {"words", "app"}


def test_members_with_equal_build_requirements_share_an_environment(run: Run, trees: Path, tmp_path: Path) -> None:
    member(trees, "rules")
    for name in ("one", "two", "three"):
        member(trees, name, requires=["rules"])
    assert run("build", "--all-packages").code == 0
    made = list((tmp_path / "cache" / "build-envs-v1").glob("??/*/complete"))
    assert len(made) == 2, "one that holds `rules`, and one with nothing for `rules` itself"


def with_backend(trees: Path) -> Path:
    """A member whose backend comes from a wheel; returns what has to change for it to be built again."""
    files = {"maker/__init__.py": "from maker.part import *\n", "maker/part.py": BACKEND}
    wheel = make_wheel("maker", "1.5", files=files)
    (trees / "wheels").mkdir()
    (trees / "wheels" / wheel.filename).write_bytes(wheel.data)
    tree = member(trees, "app")
    (tree / "backend.py").unlink()
    manifest = tree / "pyproject.toml"
    text = manifest.read_text().replace("requires = []", 'requires = ["maker"]').replace('backend-path = ["."]\n', "")
    manifest.write_text(text.replace('"backend"', '"maker"'))
    return tree / "src" / "app.py"


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def plant_bytecode(environment: Path) -> None:
    """What Python leaves when a disk is full, as backends of earlier versions of ours could."""
    [module] = environment.glob("lib/python*/site-packages/maker/part.py")
    made = py_compile.compile(str(module), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert made is not None
    truncate(Path(made))


def remove_module(environment: Path) -> None:
    [module] = environment.glob("lib/python*/site-packages/maker/part.py")
    module.unlink()


@pytest.mark.parametrize("harm", [plant_bytecode, remove_module])
@pytest.mark.parametrize("forget", [False, True])
def test_a_build_environment_that_is_damaged_is_made_anew(
    run: Run, trees: Path, tmp_path: Path, harm: Callable[[Path], None], forget: bool
) -> None:
    source = with_backend(trees)
    assert run("build", "--find-links", trees / "wheels").code == 0
    [complete] = (tmp_path / "cache" / "build-envs-v1").glob("??/*/complete")
    harm(complete.parent)
    if forget:
        shutil.rmtree(tmp_path / "cache" / "build-envs-v1" / "answers")
    source.write_text("changed = True\n")
    result = run("build", "--find-links", trees / "wheels")
    assert result.code == 0, result.err
    source.write_text("changed = 'again'\n")
    assert run("build", "--find-links", trees / "wheels").code == 0


def test_a_backend_that_fails_in_a_sound_environment_is_called_once(run: Run, trees: Path, tmp_path: Path) -> None:
    with_backend(trees)
    count = tmp_path / "count"
    failing = f"open({str(count)!r}, 'a').write('x')\nimport no_such\n"
    wheel = make_wheel("maker", "2.0", files={"maker/__init__.py": failing})
    (trees / "wheels" / wheel.filename).write_bytes(wheel.data)
    result = run("build", "--find-links", trees / "wheels", "--json")
    assert members(result.json())["app"]["error"]["code"] == "backend-unavailable"
    once = len(count.read_text())
    count.unlink()
    assert run("build", "--find-links", trees / "wheels").code == 1
    assert len(count.read_text()) == once


def test_backends_write_no_bytecode_into_what_is_shared(run: Run, trees: Path, tmp_path: Path) -> None:
    with_backend(trees)
    assert run("build", "--find-links", trees / "wheels").code == 0
    [complete] = (tmp_path / "cache" / "build-envs-v1").glob("??/*/complete")
    listed = {str(path) for path in complete.parent.rglob("*.pyc")}
    (trees / "packages" / "app" / "src" / "app.py").write_text("changed = True\n")
    assert run("build", "--find-links", trees / "wheels").code == 0
    assert {str(path) for path in complete.parent.rglob("*.pyc")} == listed


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


def test_members_that_need_each_other_to_be_built_are_named(run: Run, trees: Path) -> None:
    member(trees, "one", requires=["two"])
    member(trees, "two", needs=["one"])
    result = run("build", "--all-packages", "--json")
    assert (result.code, result.json()["error"]["code"]) == (1, "member-cycle")
    assert "one -> two -> one" in result.json()["error"]["message"]
    member(trees, "apart")
    assert run("build", "--package", "apart").code == 0


def test_a_longer_circle_of_build_requirements_is_named(run: Run, trees: Path) -> None:
    for name, need in (("one", "two"), ("two", "three"), ("three", "one")):
        member(trees, name, requires=[need])
    error = run("build", "--package", "two", "--json").json()["error"]
    assert (error["code"], error["facts"]["cycle"]) == ("member-cycle", ["one", "two", "three", "one"])


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


def test_a_backend_that_is_nowhere_is_an_error(run: Run, trees: Path) -> None:
    member(trees, "odd", requires=["no-such-backend>=2"])
    error = members(run("build", "--json").json())["odd"]["error"]
    assert (error["code"], "no-such-backend" in error["message"]) == ("no-solution", True)
    assert "odd" in error["message"]


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


def test_a_member_that_is_no_package_is_told(run: Run, trees: Path) -> None:
    (trees / "packages" / "plain").mkdir(parents=True)
    (trees / "packages" / "plain" / "pyproject.toml").write_text('[project]\nname = "plain"\nversion = "1"\n')
    member(trees, "real")
    assert [found["name"] for found in run("build", "--json").json()["members"]] == ["real"]
    result = run("build", "--package", "plain", "--json")
    assert result.json()["error"]["code"] == "nothing-to-build"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_build_leaves_nothing_half_written_and_no_process(run: Run, trees: Path, tmp_path: Path) -> None:
    slow = BACKEND.replace("project = _read()", f"project = _read(); _wait({str(tmp_path / 'pids')!r})", 2)
    slow += (
        "\ndef _wait(folder):\n    import time\n    open(f'{folder}/{os.getpid()}', 'w').close()\n    time.sleep(2)\n"
    )
    (tmp_path / "pids").mkdir()
    for name in ("one", "two", "three"):
        member(trees, name, backend=slow)
    with running("build", "--all-packages") as process:
        wait_for(lambda: list((tmp_path / "pids").iterdir()), process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 10
    pids = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a backend outlives its frontend"
        time.sleep(0.05)
    for path in (trees / "dist").iterdir() if (trees / "dist").exists() else ():
        if path.suffix == ".whl":
            assert zipfile.ZipFile(path).testzip() is None
    for entry in (tmp_path / "cache" / "built-v1").glob("??/*"):
        names = {path.name for path in entry.iterdir()}
        assert names & {"result.msgpack", "record.msgpack"}, "an entry of the store is complete"
    assert run("build", "--all-packages").code == 0
    assert len(dist(trees)) == 7
    assert not [name for name in dist(trees) if name.endswith("-part")]


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


def test_other_commands_build_with_siblings_too(run: Run, trees: Path) -> None:
    member(trees, "rules")
    path = member(trees, "app", requires=["rules"], backend="import rules\n" + BACKEND, more='dynamic = ["version"]\n')
    manifest = path / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('version = "1.0"\n', ""))
    backend = (path / "backend.py").read_text()
    (path / "backend.py").write_text(backend.replace('["project"]', '["project"] | {"version": "4.2"}'))
    assert run("lock").code == 0
    result = run("sync", "--package", "app", "--no-editable", "--json")
    assert result.code == 0, result.err
    assert run("version", "--package", "app", "-s").out == "4.2\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_build_ends_at_once_with_its_backends(run: Run, trees: Path, tmp_path: Path) -> None:
    hanging = BACKEND.replace(
        "project = _read()",
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); import time; time.sleep(90)",
        1,
    )
    member(trees, "odd", backend=hanging)
    with running("build") as process:
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=15)
    assert (process.returncode, "Traceback" in err) == (130, False)
    patience = time.monotonic() + 10  # it was killed, and dies when a busy machine gets to it
    while alive(int((tmp_path / "pid").read_text())) and time.monotonic() < patience:
        time.sleep(0.02)
    assert not alive(int((tmp_path / "pid").read_text()))
    assert not (trees / "dist").exists() or not list((trees / "dist").glob("odd*"))


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


def test_build_constraints_count_and_mistakes_in_them_are_told(run: Run, trees: Path) -> None:
    member(trees, "rules", version="1.5")
    member(trees, "app", requires=["rules"])
    (trees / "ok.txt").write_text("# versions\nrules>=1  # any\n")
    (trees / "never.txt").write_text("rules<1\n")
    (trees / "bad.txt").write_text("-r other.txt\n")
    assert run("build", "--package", "app", "-b", "ok.txt").code == 0
    result = run("build", "--package", "app", "-b", "never.txt", "--json")
    assert members(result.json())["app"]["error"]["code"] == "no-solution"
    (trees / "odd.txt").write_text("rules>=1 --hash=sha256:abc\n")
    for name in ("bad.txt", "none.txt", "odd.txt"):
        error = run("build", "-b", name, "--json").json()["error"]
        assert error["code"] == "bad-build-constraints"
        assert "Errno" not in error["message"]


def test_build_requirements_are_what_their_hashes_say(run: Run, trees: Path) -> None:
    wheel = make_wheel("tool", "1.5")
    (trees / "wheels").mkdir()
    (trees / "wheels" / wheel.filename).write_bytes(wheel.data)
    member(trees, "app", requires=["tool"])
    digest = hashlib.sha256(wheel.data).hexdigest()
    texts = {
        "none": "tool==1.5",
        "right": f"tool==1.5 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{digest}\n",
    }
    texts["wrong"] = texts["right"].replace(digest, "1" * 64)
    for name, text in texts.items():
        (trees / f"{name}.txt").write_text(text)

    def code(*arguments: str) -> str | None:
        result = run("build", "--find-links", trees / "wheels", *arguments, "--json")
        error = members(result.json())["app"]["error"]
        return error["code"] if error else None

    assert code("-b", "none.txt") is None
    assert code("-b", "wrong.txt") == "unverified-build-requirement", "nothing that was built unchecked is taken"
    assert code("-b", "none.txt", "--require-hashes") == "unverified-build-requirement"
    assert code("--require-hashes") == "unverified-build-requirement"
    assert code("-b", "right.txt", "--require-hashes") is None


def test_a_format_is_the_same_in_other_words(run: Run, trees: Path) -> None:
    member(trees, "one")
    assert run("build", "--format", "sdist").code == 0
    assert dist(trees) == [".gitignore", "one-1.0.tar.gz"]


def test_without_sources_a_build_requirement_comes_from_the_index(run: Run, trees: Path) -> None:
    member(trees, "rules")
    member(trees, "app", requires=["rules"])
    error = members(run("build", "--package", "app", "--no-sources", "--json").json())["app"]["error"]
    assert error["code"] == "no-solution"


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


@pytest.mark.parametrize("allowed", [1, 3])
def test_no_more_backends_run_at_once_than_allowed(
    run: Run, trees: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    log = tmp_path / "log"
    noted = f"""
import time
def build_wheel(folder, config_settings=None, metadata_directory=None, _built=build_wheel):
    with open({str(log)!r}, "a") as file:
        file.write("begin\\n")
    time.sleep(0.2)
    with open({str(log)!r}, "a") as file:
        file.write("end\\n")
    return _built(folder)
"""
    for number in range(4):
        member(trees, f"part{number}", backend=BACKEND + noted)
    monkeypatch.setenv("INTERLOCK_CONCURRENT_BUILDS", str(allowed))
    assert run("build", "--all-packages", "--wheel").code == 0
    now = most = 0
    for line in log.read_text().splitlines():
        now += 1 if line == "begin" else -1
        most = max(most, now)
    assert (most == 1) if allowed == 1 else (1 < most <= allowed)
