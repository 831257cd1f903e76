from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import msgspec
import pytest
from packaging.markers import default_environment
from packaging.tags import sys_tags

from interlock.envs.discovery import (
    BadPythonRequest,
    NoInterpreter,
    Places,
    Request,
    find_interpreter,
    iter_interpreters,
    parse_python_version_file,
    parse_request,
)
from interlock.envs.interpreters import Interpreter, InterpreterUnusable, query_interpreter
from interlock.envs.older_tags import is_like_ours, older_tags
from interlock.envs.pyenv import selected_installations


def fake(path: Path, body: str = "exit 3") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_the_probe_agrees_with_packaging_and_sysconfig(interpreter: Interpreter) -> None:
    assert interpreter.markers == default_environment()
    assert interpreter.tags == tuple(str(tag) for tag in sys_tags())
    assert interpreter.version == ".".join(map(str, sys.version_info[:3]))
    assert interpreter.is_virtual == (sys.prefix != sys.base_prefix)
    assert os.path.realpath(interpreter.base_executable) == os.path.realpath(sys.executable)
    assert interpreter.scheme.at(sys.prefix).purelib == sysconfig.get_path("purelib")
    assert interpreter.minor == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert interpreter.pointer_size == 64


def installed(folder: Path) -> str:
    """An interpreter, as far as can be told without starting it."""
    (folder / "bin").mkdir(parents=True)
    os.symlink(sys.executable, folder / "bin" / "python3")
    return str(folder / "bin" / "python3")


def test_an_answer_is_remembered_until_the_interpreter_changes(tmp_path: Path) -> None:
    python = installed(tmp_path / "env")
    first = query_interpreter(python, tmp_path / "known")
    assert first.executable == python
    [remembered] = (tmp_path / "known").iterdir()
    answer = msgspec.msgpack.decode(remembered.read_bytes())
    answer["interpreter"]["version"] = "remembered"
    remembered.write_bytes(msgspec.msgpack.encode(answer))
    assert query_interpreter(python, tmp_path / "known").version == "remembered"
    (tmp_path / "env" / "pyvenv.cfg").write_text("home = elsewhere\n")
    assert query_interpreter(python, tmp_path / "known").version == first.version
    remembered.write_bytes(b"\xc1 damaged")
    assert query_interpreter(python, tmp_path / "known").version == first.version


@pytest.mark.parametrize("linked", [False, True])
def test_a_shim_answers_for_what_it_starts_each_time(tmp_path: Path, linked: bool) -> None:
    first, second = installed(tmp_path / "first"), installed(tmp_path / "second")
    selected = tmp_path / "selected"
    shim = fake(tmp_path / "mise", f'exec "$(cat "{selected}")" "$@"')
    if linked:
        os.symlink(shim, tmp_path / "python3")
        shim = str(tmp_path / "python3")
    for wanted in (first, second, first):
        selected.write_text(wanted)
        assert query_interpreter(shim, tmp_path / "known").executable == wanted


def test_shims_are_looked_at_in_their_place_by_every_name(tmp_path: Path) -> None:
    there = installed(tmp_path / "there")
    shim = fake(tmp_path / "bin" / "mise", f'[ "${{0##*/}}" = python ] || exit 126\nexec "{there}" "$@"')
    (tmp_path / "shims").mkdir()
    for name in ("python", "python3"):
        os.symlink(shim, tmp_path / "shims" / name)
    last = installed(tmp_path / "last")
    places = Places(path=(str(tmp_path / "shims"), str(Path(last).parent)), own=False)
    assert find_interpreter(Request(), places, remembered=tmp_path / "known").executable == there
    assert [one.executable for one in iter_interpreters(places)] == [there], "both are one interpreter"


def test_shims_select_for_the_directory_one_stands_in(tmp_path: Path) -> None:
    there = installed(tmp_path / "there")
    fake(tmp_path / "shims" / "python3", f'[ -f .tool-versions ] || exit 126\nexec "{there}" "$@"')
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".tool-versions").touch()
    places = Places(path=(str(tmp_path / "shims"),), own=False, start=str(tmp_path / "project"))
    assert find_interpreter(Request(), places).executable == there
    with pytest.raises(NoInterpreter, match="code 126"):
        find_interpreter(Request(), msgspec.structs.replace(places, start=str(tmp_path)))


def test_what_is_started_as_python3_comes_before_other_names_of_folders_in_front(tmp_path: Path) -> None:
    for folder, name in (("a", "python3.99"), ("b", "python3"), ("c", "python")):
        (tmp_path / folder).mkdir()
        os.symlink(installed(tmp_path / f"env-{folder}"), tmp_path / folder / name)
    places = Places(path=tuple(str(tmp_path / name) for name in "abc"), own=False)
    assert find_interpreter(Request(), places).executable == str(tmp_path / "b" / "python3")


@pytest.mark.parametrize(
    ("version", "files", "wanted"),
    [
        ("3.12.1", {"project/.python-version": "3.11.2"}, ["3.12.1"]),
        ("3.11.2:3.12.1", {}, ["3.11.2", "3.12.1"]),
        ("", {"project/.python-version": "\ufeff3.11.2 # why\r\n"}, ["3.11.2"]),
        ("", {".python-version": "3.11\n3.12.1\n", "pyenv/version": "3.12.1"}, ["3.11.10", "3.12.1"]),
        ("", {"pyenv/version": "system\n"}, []),
        ("", {"pyenv/version": "python-3.12.1\nsystem\n3.10\n"}, ["3.12.1"]),
        ("", {"pyenv/version": "mine\n"}, ["mine"]),
        ("", {"pyenv/version": "3.12.1/envs/mine\n"}, ["3.12.1/envs/mine"]),
        ("../../etc", {}, []),
        ("/etc", {}, []),
        ("3.1", {}, []),
        ("", {}, []),
    ],
)
def test_what_pyenv_selects_is_found(tmp_path: Path, version: str, files: dict[str, str], wanted: list[str]) -> None:
    for name in ("3.11.2", "3.11.10", "3.12.1", "3.12.1/envs/mine", "mine"):
        installed(tmp_path / "pyenv" / "versions" / name)
    (tmp_path / "project").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    found = selected_installations(str(tmp_path / "pyenv"), version, tmp_path / "project")
    assert list(found) == [str(tmp_path / "pyenv" / "versions" / name) for name in wanted]


def test_what_pyenv_selects_stands_in_the_place_of_its_shims(tmp_path: Path) -> None:
    root = tmp_path / "pyenv"
    versions = [installed(root / "versions" / name) for name in ("3.11.2", "3.12.1")]
    fake(root / "shims" / "python3", "exit 1")
    system = installed(tmp_path / "usr")
    for first in versions:
        selected = (str(Path(first).parents[1]),)
        places = Places(path=(str(root / "shims"), str(Path(system).parent)), pyenv=str(root), selected=selected)
        assert find_interpreter(Request(), places).executable == first
        behind = msgspec.structs.replace(places, path=places.path[::-1])
        assert find_interpreter(Request(), behind).executable == system
        without = msgspec.structs.replace(places, path=())
        assert find_interpreter(Request(), without).executable == first, "before the newest"
    places = Places(path=(str(root / "shims"), str(Path(system).parent)), pyenv=str(root))
    assert find_interpreter(Request(), places).executable == system, "it selects the system's"


@pytest.mark.parametrize(
    ("body", "why"), [("exit 3", "code 3"), ("echo hello", "understood"), ("exit 0", "understood")]
)
def test_what_is_no_python_is_told(tmp_path: Path, body: str, why: str) -> None:
    with pytest.raises(InterpreterUnusable, match=why):
        query_interpreter(fake(tmp_path / "python", body))


def test_a_file_that_is_missing_or_no_program_is_told(tmp_path: Path) -> None:
    with pytest.raises(InterpreterUnusable, match="no such file"):
        query_interpreter(str(tmp_path / "python"))
    (tmp_path / "text").write_text("x")
    with pytest.raises(InterpreterUnusable, match="permission denied"):
        query_interpreter(str(tmp_path / "text"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Request()),
        ("3.12", Request(specifier="==3.12.*", free_threaded=False)),
        ("3", Request(specifier="==3.*", free_threaded=False)),
        ("3.12.1", Request(specifier="==3.12.1", free_threaded=False)),
        ("312", Request(specifier="==3.12.*", free_threaded=False)),
        ("python3.12", Request(specifier="==3.12.*", free_threaded=False)),
        ("cpython@3.12", Request(specifier="==3.12.*", implementation="cpython", free_threaded=False)),
        ("pypy@3.10", Request(specifier="==3.10.*", implementation="pypy", free_threaded=False)),
        ("pypy", Request(implementation="pypy")),
        ("3.13t", Request(specifier="==3.13.*", free_threaded=True)),
        ("3.14+freethreaded", Request(specifier="==3.14.*", free_threaded=True)),
        (">=3.11", Request(specifier=">=3.11")),
        ("/usr/bin/python3", Request(path="/usr/bin/python3")),
        ("./env", Request(path="./env")),
    ],
)
def test_requests_are_understood(text: str, expected: Request) -> None:
    assert parse_request(text) == expected


@pytest.mark.parametrize("text", ["ruby", "python-three", ">=x", "3.x"])
def test_other_requests_are_refused(text: str) -> None:
    with pytest.raises(BadPythonRequest):
        parse_request(text)


def test_version_files() -> None:
    assert parse_python_version_file("# pinned\n\n3.12.1\n3.11\n") == parse_request("3.12.1")
    assert parse_python_version_file("system\n") is None
    assert parse_python_version_file("") is None


def test_the_first_that_fits_is_found_and_the_active_environment_comes_first(tmp_path: Path) -> None:
    known = tmp_path / "known"
    active = tmp_path / "env"
    installed(active)
    on_path = installed(tmp_path / "path")
    places = Places(active=str(active), path=(str(tmp_path / "missing"), str(Path(on_path).parent)), own=False)
    assert find_interpreter(Request(), places, remembered=known).executable == str(active / "bin" / "python3")
    places = Places(path=(str(Path(on_path).parent),), own=False)
    assert find_interpreter(parse_request(">=3.8"), places, remembered=known).executable == on_path
    found = list(iter_interpreters(Places(path=(str(Path(on_path).parent),)), remembered=known))
    assert [one.executable for one in found] == [on_path], "it leads to the one that runs this"


def test_when_none_fits_each_candidate_has_its_reason(tmp_path: Path) -> None:
    known = tmp_path / "known"
    bad = fake(tmp_path / "a" / "python3")
    good = fake(tmp_path / "b" / "python3", f'exec "{sys.executable}" "$@"')
    named = fake(tmp_path / "b" / "python3.4")
    places = Places(path=tuple(str(tmp_path / name) for name in ("a", "b")), own=False)
    with pytest.raises(NoInterpreter) as caught:
        find_interpreter(parse_request("3.99"), places, remembered=known)
    reasons = dict(caught.value.rejected)
    assert set(reasons) == {bad, good, named}
    assert "code 3" in reasons[bad]
    assert "is not in ==3.99.*" in reasons[good]
    assert reasons[named] == "version 3.4 is not in ==3.99.*"
    for path in (bad, good, named):
        assert path in str(caught.value)
    with pytest.raises(NoInterpreter, match=r"requires-python >=3\.98"):
        find_interpreter(Request(), places, requires_python=">=3.98", remembered=known)
    with pytest.raises(NoInterpreter, match="not pypy"):
        find_interpreter(parse_request("pypy"), places, remembered=known)
    with pytest.raises(NoInterpreter, match="not a free-threaded build"):
        find_interpreter(Request(free_threaded=True), places, remembered=known)
    with pytest.raises(NoInterpreter, match="none was found"):
        find_interpreter(Request(), Places(own=False))


PYENV = Path.home() / ".pyenv"
VERSIONS = sorted(path.name for path in (PYENV / "versions").glob("3.*")) if PYENV.is_dir() else []


@pytest.mark.skipif(len(VERSIONS) < 2, reason="needs interpreters of pyenv")
@pytest.mark.slow
def test_pyenvs_versions_are_found_and_answer(tmp_path: Path) -> None:
    places = Places(pyenv=str(PYENV), own=False)
    for version in VERSIONS:
        if int(version.split(".")[1]) < 9:
            with pytest.raises(NoInterpreter, match=r"Python 3\.9|code"):
                find_interpreter(parse_request(version), places, remembered=tmp_path)
            continue
        found = find_interpreter(parse_request(version), places, remembered=tmp_path)
        assert found.version == version
        assert found.markers["python_version"] == found.minor
        assert any(tag.startswith(f"cp3{found.version_info[1]}-cp3{found.version_info[1]}-") for tag in found.tags)
        assert found.tags[-1] == "py30-none-any" or "py3-none-any" in found.tags


def test_the_tags_of_an_older_one_are_those_it_would_say_itself(tmp_path: Path) -> None:
    interpreter = query_interpreter(sys.executable)
    if interpreter.implementation != "cpython":
        pytest.skip("of CPython only")
    assert is_like_ours(interpreter.implementation, interpreter.markers, interpreter.pointer_size)
    assert older_tags(interpreter.version_info) == interpreter.tags
    assert not is_like_ours("pypy", interpreter.markers, interpreter.pointer_size)
    assert not is_like_ours("cpython", {**interpreter.markers, "platform_machine": "none"}, interpreter.pointer_size)
