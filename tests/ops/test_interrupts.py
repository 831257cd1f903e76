"""Ctrl-C and SIGTERM at any time: a quiet end, nothing half there, and a next run that works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.interrupting import interrupt_often, staged
from tests.processes import wait_for
from tests.shop import Result, Shop, broken_records, interrupt, snapshot, stored_wheels_are_whole
from tests.wheels import make_wheel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def ended_quietly(result: Result, code: int = 130) -> None:
    assert result.code == code, result
    assert result.err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in result.err
    assert "error" not in result.err


def test_while_it_resolves(shop: Shop) -> None:
    before = snapshot(shop.root)
    shop.index.slow("/simple/flask/", 3, times=1)
    process = shop.start("lock")
    wait_for(lambda: shop.index.paths("/simple/click/"), process)
    ended_quietly(interrupt(process))
    assert snapshot(shop.root) == before
    assert not list((shop.cache / "tmp").glob("*"))
    shop.run("lock")


def test_while_it_downloads(shop: Shop) -> None:
    shop.run("lock")
    shop.index.forget()
    before = snapshot(shop.root)
    shop.index.slow("flask-3.1-py3-none-any.whl", 3, times=1)
    process = shop.start("sync")
    wait_for(lambda: shop.index.paths("click-8.1-py3-none-any.whl"), process)
    ended_quietly(interrupt(process))
    assert snapshot(shop.root) == before
    assert not list((shop.cache / "tmp").glob("*"))
    stored_wheels_are_whole(shop.cache)
    shop.run("sync")
    assert shop.can_import("flask")


def test_while_a_member_builds(shop: Shop) -> None:
    """The backend and what it started are gone as well."""
    backend = shop.root / "packages" / "web" / "in_tree_backend.py"
    good = backend.read_text()
    backend.write_text(good + "\nimport time\nopen('started', 'w').close()\ntime.sleep(30)\n")
    shop.run("lock")
    process = shop.start("sync")
    wait_for((shop.root / "packages" / "web" / "started").exists, process)
    begun = time.monotonic()
    ended_quietly(interrupt(process, signal.SIGINT))
    assert time.monotonic() - begun < 10
    assert not (shop.root / ".venv").exists()
    backend.write_text(good)
    shop.run("sync")
    assert shop.can_import("web")


def many(shop: Shop, count: int = 30) -> None:
    """Many packages of many files, so that installing takes a while."""
    for number in range(count):
        name = f"part{number}"
        files = {f"{name}/module{index}.py": f"X = {index}\n" for index in range(60)} | {f"{name}/__init__.py": ""}
        shop.packages.add(make_wheel(name, "1.0", files=files))
    shop.member("app", *(f"part{number}" for number in range(count)))


def test_while_it_installs(empty_shop: Shop) -> None:
    shop = empty_shop
    many(shop)
    shop.run("sync")
    environment = shop.root / ".venv"
    for pause in (0.0, 0.01, 0.03):
        subprocess.run(["rm", "-rf", environment], check=True)
        process = shop.start("sync")
        wait_for((environment / ".interlock" / "work").exists, process)
        time.sleep(pause)
        result = interrupt(process)
        if result.code != 0:
            ended_quietly(result)
        sites = list(environment.glob("lib/python3*/site-packages"))
        assert not [text for site in sites for text in broken_records(site)]
        assert not (environment / ".interlock" / "work").exists()
    shop.run("sync")
    assert len(shop.installed()) == 31


def test_sigterm_ends_it_as_quietly(shop: Shop) -> None:
    shop.index.slow("/simple/flask/", 3, times=1)
    process = shop.start("lock")
    wait_for(lambda: shop.index.paths("/simple/click/"), process)
    ended_quietly(interrupt(process, signal.SIGTERM), 143)
    assert not shop.lockfile.exists()


def test_while_another_process_has_the_workspace(shop: Shop) -> None:
    shop.index.slow("/simple/flask/", 3, times=1)
    first = shop.start("lock")
    wait_for(lambda: shop.index.paths("/simple/click/"), first)
    second = shop.start("lock")
    time.sleep(0.7)
    assert second.poll() is None, "it waits"
    ended_quietly(interrupt(second))
    out, err = first.communicate(timeout=30)
    assert first.returncode == 0, (out, err)
    shop.run("lock", "--check")


def test_a_program_that_is_run_gets_the_signal_and_tells_the_code(shop: Shop, tmp_path: Path) -> None:
    shop.run("sync")
    mark = tmp_path / "mark"
    program = (
        "import signal, sys, time\n"
        "def stop(number, frame): sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        f"open({str(mark)!r}, 'w').close()\n"
        "time.sleep(30)\n"
    )
    process = shop.start("run", "python", "-c", program)
    wait_for(mark.exists, process)
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 7


@pytest.mark.slow
@pytest.mark.time_limit(300)
def test_at_any_moment(tmp_path: Path) -> None:
    """A short round of :mod:`tests.interrupting`."""
    with staged(tmp_path) as shop:
        found = interrupt_often(shop, 4, seed=1)
        assert not found.wrong, str(found)
        assert not [name for name in os.listdir(shop.root) if name.startswith(".interlock")]
        shop.spawn("lock", "--check")
