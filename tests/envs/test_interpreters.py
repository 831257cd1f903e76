from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

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


def test_an_answer_is_remembered_until_the_interpreter_changes(tmp_path: Path, interpreter: Interpreter) -> None:
    count = tmp_path / "count"
    script = fake(tmp_path / "bin" / "python", f'echo x >> "{count}"\nexec "{sys.executable}" "$@"')
    first = query_interpreter(script, tmp_path / "known")
    assert query_interpreter(script, tmp_path / "known") == first
    assert count.read_text() == "x\n"
    assert first.executable == script
    fake(tmp_path / "bin" / "python", f'echo yy >> "{count}"\nexec "{sys.executable}" "$@"')
    query_interpreter(script, tmp_path / "known")
    assert count.read_text() == "x\nyy\n"
    for remembered in (tmp_path / "known").iterdir():
        remembered.write_bytes(b"\xc1 damaged")
    assert query_interpreter(script, tmp_path / "known").version == first.version


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
    fake(active / "bin" / "python3", f'exec "{sys.executable}" "$@"')
    on_path = fake(tmp_path / "path" / "python3", f'exec "{sys.executable}" "$@"')
    places = Places(active=str(active), path=(str(tmp_path / "missing"), str(tmp_path / "path")), own=False)
    assert find_interpreter(Request(), places, remembered=known).executable == str(active / "bin" / "python3")
    places = Places(path=(str(tmp_path / "path"),), own=False)
    assert find_interpreter(parse_request(">=3.8"), places, remembered=known).executable == on_path
    found = list(iter_interpreters(Places(path=(str(tmp_path / "path"),)), remembered=known))
    assert found[0].executable == on_path
    assert len(found) == 2


def test_when_none_fits_each_candidate_has_its_reason(tmp_path: Path) -> None:
    known = tmp_path / "known"
    bad = fake(tmp_path / "a" / "python3")
    good = fake(tmp_path / "b" / "python3", f'exec "{sys.executable}" "$@"')
    named = fake(tmp_path / "b" / "python3.4")
    fake(tmp_path / "shims" / "python3")
    places = Places(path=tuple(str(tmp_path / name) for name in ("a", "b", "shims")), own=False)
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
