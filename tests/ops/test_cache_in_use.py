"""The cache is emptied around what programs run in."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import wait_for
from tests.shop import Shop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks that programs inherit are of POSIX")

LATE = """
import os, sys, time
open("pid.new", "w").write(str(os.getpid())); os.rename("pid.new", "pid")
ends = time.monotonic() + 60
while not os.path.exists("go on"):
    if time.monotonic() > ends or not os.path.exists("plain.py"):
        sys.exit("nobody says to go on")
    time.sleep(0.02)
import click
open("imported", "w").close()
"""
SCRIPT = f'# /// script\n# dependencies = ["click"]\n# ///\n{LATE}'
WAYS = {
    "a script": ("run", "late.py"),
    "packages for one run": ("run", "--with", "click", "python", "plain.py"),
    "packages for one run of members": ("run", "-r", "--package", "app", "--with", "click", "python", "plain.py"),
    "packages for one isolated run": ("run", "--isolated", "--with", "click", "python", "plain.py"),
}


@pytest.fixture
def app(empty_shop: Shop) -> Iterator[Shop]:
    empty_shop.member("app")
    empty_shop.write("packages/app/late.py", SCRIPT)
    empty_shop.write("packages/app/plain.py", LATE)
    empty_shop.run("sync", "--all-packages")
    yield empty_shop
    # Whatever became of the test: what still waits ends by itself, wherever it was started.
    empty_shop.write("packages/app/go on", "")


def environments(shop: Shop) -> list[Path]:
    return list(shop.cache.glob("build-envs-v1/*/*/pyvenv.cfg"))


@pytest.mark.parametrize("emptying", [("clean",), ("prune", "--ci")])
@pytest.mark.parametrize("way", WAYS)
def test_what_runs_keeps_its_environment(app: Shop, way: str, emptying: tuple[str, ...]) -> None:
    folder = app.root / "packages" / "app"
    app.run("run", "--with", "click==8.0", "python", "-c", "")
    process = app.start("--directory", folder, *WAYS[way])
    wait_for((folder / "pid").exists, process)
    assert len(environments(app)) > 1
    result = app.run("cache", *emptying)
    assert f"Left the environment that process {process.pid} (" in result.err
    (left,) = environments(app)
    told = app.run("cache", *emptying, "--json").json()["in_use"]
    assert [(app.cache / run["path"], run["pid"]) for run in told] == [(left.parent, process.pid)]
    (folder / "go on").touch()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, out + err
    assert (folder / "imported").exists()
    assert "Left" not in app.run("cache", *emptying).err
    assert not environments(app)
    assert not list(app.cache.glob("locks/run-*"))


def test_a_program_that_outlives_us_keeps_it_and_force_takes_it(app: Shop) -> None:
    folder = app.root / "packages" / "app"
    process = app.start("--directory", folder, "run", "late.py")
    wait_for((folder / "pid").exists, process)
    child = int((folder / "pid").read_text())
    try:
        process.kill()
        process.wait()
        assert "Left" in app.run("cache", "clean").err
        assert environments(app)
        assert "Left" not in app.run("cache", "clean", "--force").err
        assert not environments(app)
        app.run("cache", "prune")
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()
    end = time.monotonic() + 10
    while app.run("cache", "clean", "--json").json()["in_use"] or list(app.cache.glob("locks/run-*")):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_was_started_in_the_background_keeps_it(app: Shop) -> None:
    folder = app.root / "packages" / "app"
    back = (
        "import subprocess, sys; subprocess.Popen([sys.executable, 'plain.py'], stdout=-3, stderr=-3, close_fds=False)"
    )
    done = app.spawn("--directory", folder, "run", "--with", "click", "python", "-c", back)
    assert done.code == 0
    end = time.monotonic() + 20
    while not (folder / "pid").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "Left" in app.run("cache", "clean").err
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


def test_two_runs_of_one_script_do_not_wait_for_each_other(app: Shop) -> None:
    folder = app.root / "packages" / "app"
    app.run("lock", "--script", folder / "late.py")
    first = app.start("--directory", folder, "run", "late.py")
    wait_for((folder / "pid").exists, first)
    (folder / "pid").unlink()
    second = app.start("--directory", folder, "run", "late.py")
    wait_for((folder / "pid").exists, second)
    assert app.run("cache", "clean").err.count("Left") == 2
    (folder / "go on").touch()
    for process in (first, second):
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, out + err
