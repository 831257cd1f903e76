from __future__ import annotations

import json
import os
import subprocess
import sys
from ast import literal_eval
from itertools import product
from pathlib import Path

import pytest

from interlock.core.artifacts import Artifact
from interlock.core.names import normalize_name
from interlock.core.plan import Wanted
from interlock.core.sources import Directory, File, Git, Member, Registry, Source, Url
from interlock.install.record import direct_url, recorded_paths
from interlock.install.scripts import UnsafeScript, check_script_name, launchers, rewrite_shebang, shebang
from interlock.store.listing import format_row
from interlock.store.wheels import EntryPoint

NAME = normalize_name("foo")
SHA = "a" * 64


def origin(source: Source, **fields: object) -> object:
    wanted = Wanted(name=NAME, version="1", source=source, **fields)  # type: ignore[arg-type]
    text = direct_url(wanted, root="/ws", members={NAME: "packages/foo bar"})
    return json.loads(text) if text else None


def test_direct_url_is_written_for_everything_but_an_index() -> None:
    archive = Artifact(filename="foo-1.zip", sha256=SHA)
    hashes = {"hash": f"sha256={SHA}", "hashes": {"sha256": SHA}}
    assert origin(Registry("pypi")) is None
    assert origin(Member(NAME), editable=True) == {
        "url": "file:///ws/packages/foo%20bar",
        "dir_info": {"editable": True},
    }
    assert origin(Directory("../lib")) == {"url": "file:///lib", "dir_info": {}}
    assert origin(Url("https://user:secret@files.test/foo-1.zip#sha256=0"), artifact=archive) == {
        "url": "https://files.test/foo-1.zip",
        "archive_info": hashes,
    }
    assert origin(File("vendor/foo-1.zip", "sub"), artifact=archive) == {
        "url": "file:///ws/vendor/foo-1.zip",
        "archive_info": hashes,
        "subdirectory": "sub",
    }
    git = Git(url="ssh://git@git.test/x.git", reference="branch:main", commit="b" * 40, subdirectory="py")
    assert origin(git) == {
        "url": "ssh://git@git.test/x.git",
        "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": "b" * 40},
        "subdirectory": "py",
    }
    token = Git(url="https://x-token:secret@git.test/x.git", commit="b" * 40)
    assert origin(token) == {
        "url": "https://git.test/x.git",
        "vcs_info": {"vcs": "git", "commit_id": "b" * 40},
    }


def test_rows_are_quoted_when_they_must_be_and_read_back() -> None:
    rows = format_row("a.py", "x", 1) + format_row('we"ird, path.py') + format_row("b.py")
    assert rows == 'a.py,sha256=x,1\n"we""ird, path.py",,\nb.py,,\n'
    assert list(recorded_paths(rows)) == ["a.py", 'we"ird, path.py', "b.py"]
    assert list(recorded_paths("a.py,,\r\nb.py,,\r\n")) == ["a.py", "b.py"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX shebangs")
@pytest.mark.parametrize("folder", ["plain", "with space", 'it\'s "quoted" $HOME `x`', "back\\slash", "l" * 140, "ünï"])
def test_a_launcher_starts_its_interpreter_whatever_its_path(tmp_path: Path, folder: str) -> None:
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    os.symlink(sys.executable, python)
    [(name, content)] = launchers(
        (EntryPoint(name="tool", module="platform", attribute="sys.stdout.write"),), "foo", str(python)
    )
    body = content.replace(b"sys.exit(sys.stdout.write())", b"sys.exit(sys.stdout.write(sys.executable + sys.argv[1]))")
    script = tmp_path / name
    script.write_bytes(body.replace(b"from platform import sys\n", b""))
    script.chmod(0o755)
    done = subprocess.run([script, " a b"], capture_output=True, text=True, check=False)
    assert done.stdout == f"{python} a b", done.stderr


def test_shebangs_of_scripts_are_rewritten_only_where_the_standard_says() -> None:
    python = "/env/bin/python"
    assert rewrite_shebang(b"#!python\nx", python) == b"#!/env/bin/python\nx"
    assert rewrite_shebang(b"#!pythonw\r\nx", python) == b"#!/env/bin/python\nx"
    assert rewrite_shebang(b"#!python -E\nx", python) == b"#!/env/bin/python -E\nx"
    assert rewrite_shebang(b"#!python3\nx", python) == b"#!/env/bin/python\nx"
    assert rewrite_shebang(b"#!pythonw3\nx", python) == b"#!/env/bin/python\nx"
    assert rewrite_shebang(b"#!python3.12 -I\r\nx", python) == b"#!/env/bin/python -I\nx"
    assert rewrite_shebang(b"#! python\nx", python) == b"#! python\nx"
    assert rewrite_shebang(b"#!Python\nx", python) == b"#!Python\nx"
    assert rewrite_shebang(b"#!python", python) == b"#!/env/bin/python\n"
    assert rewrite_shebang(b"#!/usr/bin/env python\nx", python) == b"#!/usr/bin/env python\nx"
    assert rewrite_shebang(b"\x7fELF\n", python) == b"\x7fELF\n"
    assert rewrite_shebang(b"", python) == b""
    assert shebang("/a b/python").startswith(b"#!/bin/sh\n")
    assert shebang("/" + "a" * 130).startswith(b"#!/bin/sh\n")


FIRST_LINES = [
    "#!python",
    "#!python3",
    "#!pythonw3.12",
    "#!python -E",
    "#!python -E -s",
    "#!python3 -*- coding: {} -*-",
]
HEADS = ["", "# coding={}\n", "# -*- coding: {} -*-\n\n# more \\\n\f\n  # and more\n"]
DOCSTRINGS = ["", '"""Says €."""\n', "R'say'\n", "from __future__ import annotations\n"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX shebangs")
@pytest.mark.parametrize(
    "folder", ["plain", "with space", 'b\\s \'q\' """ %d%% $HOME `x`\t', "l" * 140, "ünïÁ", "beside"]
)
def test_scripts_start_in_the_environment_and_mean_the_same(tmp_path: Path, folder: str) -> None:
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    os.symlink(sys.executable, python)
    body = (
        "from __future__ import annotations\nimport sys\ndef f(x: nowhere): ...\n"
        "sys.stdout.write(ascii((sys.executable, sys.flags.ignore_environment, sys.argv[1:], '€', __doc__)))\n"
    )
    for number, (first, head) in enumerate(product(FIRST_LINES, HEADS)):
        # Every docstring meets every first line or head, and both line endings.
        docstring, ending = DOCSTRINGS[number % 4], ("\n", "\r\n")[number // 4 % 2]
        encoding = "cp1252" if "{}" in first + head else "utf-8"
        text = f"{first}\n{head}{docstring}{body}".replace("{}", encoding).replace("\n", ending)
        script = tmp_path / folder / f"tool{number}"
        script.write_bytes(rewrite_shebang(text.encode(encoding), "" if folder == "beside" else str(python)))
        script.chmod(0o755)
        done = subprocess.run([script, " a b", "%s"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), script.read_bytes()
        executable, ignores, arguments, sign, said = literal_eval(done.stdout)
        assert (executable, ignores) == (str(python), "-E" in first), script.read_bytes()
        assert (arguments, sign) == ([" a b", "%s"], "€"), script.read_bytes()
        if "say" in docstring.lower():
            assert said.endswith(literal_eval(docstring)), script.read_bytes()


def test_windows_launchers_and_precedence_of_console_commands() -> None:
    points = (
        EntryPoint(name="x", module="m", attribute="gui", gui=True),
        EntryPoint(name="x", module="m", attribute="main"),
        EntryPoint(name="y", module="m", attribute="gui", gui=True),
    )
    made = dict(launchers(points, "foo", "python", windows=True))
    assert set(made) == {"x.cmd", "x-script.py", "y.cmd", "y-script.py"}
    assert b"sys.exit(main())" in made["x-script.py"]
    assert b"pythonw.exe" in made["y.cmd"] and b"python.exe" in made["x.cmd"]


@pytest.mark.parametrize(
    "name", ["python", "Python.EXE", "python3", "python3.13t", "pythonw", "pypy3.10", "a/b", "..", "", "a\\b"]
)
def test_unsafe_script_names(name: str) -> None:
    with pytest.raises(UnsafeScript):
        check_script_name("foo", name)
