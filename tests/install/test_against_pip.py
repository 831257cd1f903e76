"""The trees and RECORDs that pip makes of the same wheels, ours beside them."""

# ruff: noqa: ASYNC221 - the other process is what is waited for
from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.envs.environments import create_environment
from tests.install.conftest import Machine
from tests.wheels import Built, make_wheel

NAMES = ["six", "pywin32-ctypes", "requests", "pyyaml", "tzdata", "jupyter-core", "docutils", "setuptools", "ruff"]


def records(machine: Machine) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for info in machine.site.glob("*.dist-info"):
        with open(info / "RECORD", newline="") as file:
            found |= {row[0]: (row[1], row[2]) for row in csv.reader(file)}
    return found


def compare(ours: Machine, theirs: Machine) -> None:
    mine, other = records(ours), records(theirs)
    # pip notes what was asked for, and where a file on disk came from; the text of launchers is each tool's own.
    noted = {path for path in other if path.endswith(("/REQUESTED", "/direct_url.json")) and path.count("/") == 1}
    assert set(other) - noted == set(mine)
    for path, row in mine.items():
        if path.startswith("../../../bin/") or path.endswith("/INSTALLER"):
            continue
        assert row == other[path], path
    # pip leaves a script as the archive has it; ours can always be started.
    for path in (path for path in mine if not path.startswith("../../../bin/")):
        here, there = ours.site / path, theirs.site / path
        assert (here.stat().st_mode & 0o111 != 0) == (there.stat().st_mode & 0o111 != 0), path


def pip(machine: Machine, *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", machine.environment.python]
    done = subprocess.run(
        [*command, "install", "-q", "--no-deps", "--no-compile", *arguments], capture_output=True, check=False
    )
    if b"No module named pip" in done.stderr:
        pytest.skip("pip is not here")
    assert done.returncode == 0, done.stderr.decode()


def other(machine: Machine) -> Machine:
    root = machine.environment.root.parent / "theirs"
    return Machine(create_environment(root, machine.environment.interpreter), machine.layout)


async def test_an_odd_wheel_is_installed_as_pip_does(machine: Machine, tmp_path: Path) -> None:
    wheel = make_wheel(
        "Odd.Name",
        "1.0+local.1",
        files={"odd/__init__.py": "", "odd/a,b.txt": "", "odd/run": "#!/bin/sh\n", "top.pth": ""},
        data={
            "scripts/s": "#!python\n",
            "data/etc/x": "",
            "platlib/p.py": "",
            "purelib/odd/q.py": "",
        },
        executable=["odd/run"],
        entry_points={"console_scripts": {"one": "odd:x"}, "gui_scripts": {"two": "odd:y"}},
        root_is_purelib=False,
    )
    theirs = other(machine)
    path = tmp_path / wheel.filename
    path.write_bytes(wheel.data)
    pip(theirs, "--no-index", str(path))
    await machine.install(wheel)
    compare(machine, theirs)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.time_limit(300)
async def test_real_wheels_are_installed_as_pip_does(machine: Machine, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--only-binary",
        ":all:",
        "-d",
        str(tmp_path / "w"),
    ]
    subprocess.run([*command, *NAMES], check=True)
    built = []
    for path in sorted((tmp_path / "w").glob("*.whl")):
        name, version = path.name.split("-")[:2]
        built.append(Built(name=name, version=version, filename=path.name, data=path.read_bytes(), metadata=b""))
    theirs = other(machine)
    pip(theirs, "--no-index", *(str(path) for path in sorted((tmp_path / "w").glob("*.whl"))))
    await machine.install(*built)
    assert len(machine.installed()) == len(NAMES)
    compare(machine, theirs)
    await machine.install(remove=tuple(machine.installed()))
    assert machine.in_site() == set()
