"""Hook servers: one interpreter for many calls, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from interlock.build.environment import BuildEnvironment, hook_environ
from interlock.build.server import HookCall, HookServers
from tests.processes import alive

PYTHON = BuildEnvironment(python=sys.executable)
BACKEND = """
import os, sys, time
def who(*_): return [os.getpid(), os.getppid(), os.getcwd()]
def wait(seconds): time.sleep(seconds); return "waited"
def learn(): import wave; return "wave" in sys.modules
def known(): return "wave" in sys.modules
def path(): return sys.path
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that plays the site-packages of a build environment."""
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "demo_backend.py").write_text(BACKEND)
    return tmp_path / "installed"


def _call(tmp_path: Path, hook: str, *args: object) -> HookCall:
    return HookCall(hook=hook, tree=str(tmp_path), backend="demo_backend", args=args, log=str(tmp_path / "log"))


def _environ(installed: Path) -> dict[str, str]:
    return hook_environ(os.environ, PYTHON, variables={"PYTHONPATH": str(installed)})


async def test_one_interpreter_serves_many_calls_at_once(tmp_path: Path, installed: Path) -> None:
    environ = _environ(installed)
    parents: set[object] = set()
    children: set[object] = set()

    async def ask() -> None:
        result = await servers.call(PYTHON, _call(tmp_path, "who"), environ=environ)
        assert isinstance(result.value, list)
        children.add(result.value[0])
        parents.add(result.value[1])
        assert result.value[2] == str(tmp_path)

    async with HookServers(tmp_path) as servers:
        start = time.monotonic()
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask)
            for _ in range(4):
                group.start_soon(lambda: servers.call(PYTHON, _call(tmp_path, "wait", 0.5), environ=environ))
        assert time.monotonic() - start < 1.8  # side by side
        assert servers.started == 1
    assert len(parents) == 1
    assert len(children) == 10


async def test_a_crowd_of_short_calls(tmp_path: Path, installed: Path) -> None:
    """Children that end while others start: each gets its own answer."""
    environ = _environ(installed)
    values: list[object] = []

    async def ask() -> None:
        values.append((await servers.call(PYTHON, _call(tmp_path, "known"), environ=environ)).value)

    async with HookServers(tmp_path) as servers, anyio.create_task_group() as group:
        for _ in range(150):
            group.start_soon(ask)
    assert values == [False] * 150


async def test_what_one_call_imports_the_next_finds_loaded(tmp_path: Path, installed: Path) -> None:
    async with HookServers(tmp_path) as servers:
        environ = _environ(installed)
        values = [
            (await servers.call(PYTHON, _call(tmp_path, hook), environ=environ)).value
            for hook in ("known", "learn", "known")
        ]
    assert values == [False, True, True]


async def test_neither_the_tree_nor_our_own_folder_is_importable(tmp_path: Path, installed: Path) -> None:
    async with HookServers(tmp_path) as servers:
        result = await servers.call(PYTHON, _call(tmp_path, "path"), environ=_environ(installed))
    assert isinstance(result.value, list)
    assert "" not in result.value
    assert str(tmp_path) not in result.value
    assert not any(entry.endswith(os.path.join("interlock", "build")) for entry in result.value)


async def test_different_environments_have_servers_of_their_own(tmp_path: Path, installed: Path) -> None:
    async with HookServers(tmp_path, most=2) as servers:
        for number in range(4):
            environ = {**_environ(installed), "NUMBER": str(number)}
            assert (await servers.call(PYTHON, _call(tmp_path, "known"), environ=environ)).kind == "value"
        assert servers.started == 4


async def test_a_killed_server_is_replaced(tmp_path: Path, installed: Path) -> None:
    async with HookServers(tmp_path) as servers:
        first = await servers.call(PYTHON, _call(tmp_path, "who"), environ=_environ(installed))
        assert isinstance(first.value, list)

        async def kill() -> None:
            await anyio.sleep(0.3)
            os.kill(first.value[1], signal.SIGKILL)  # type: ignore[index]

        async with anyio.create_task_group() as group:
            group.start_soon(kill)
            lost = await servers.call(PYTHON, _call(tmp_path, "wait", 2), environ=_environ(installed))
        assert lost.kind == "lost"
        again = await servers.call(PYTHON, _call(tmp_path, "who"), environ=_environ(installed))
        assert again.kind == "value"
        assert servers.started == 2


async def test_a_missing_interpreter_is_an_os_error(tmp_path: Path) -> None:
    async with HookServers(tmp_path) as servers:
        with pytest.raises(OSError, match="nowhere"):
            await servers.call(
                BuildEnvironment(python="/nowhere/python"), _call(tmp_path, "who"), environ=dict(os.environ)
            )


async def test_the_bodys_own_error_comes_out_as_it_is(tmp_path: Path, installed: Path) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with HookServers(tmp_path) as servers:
            await servers.call(PYTHON, _call(tmp_path, "who"), environ=_environ(installed))
            raise LookupError("mine")


@pytest.mark.parametrize("fork", [True, False])
def test_nothing_is_left_when_the_frontend_is_killed(tmp_path: Path, installed: Path, fork: bool) -> None:
    (installed / "slow_backend.py").write_text(
        "import os, time\n"
        "def wait(path):\n    open(path, 'w').write(f'{os.getpid()} {os.getppid()}')\n    time.sleep(60)\n"
    )
    pids = tmp_path / "pids"
    script = tmp_path / "frontend.py"
    script.write_text(
        "import anyio, os, pathlib, sys\n"
        "from interlock.build.environment import BuildEnvironment\n"
        "from interlock.build.server import HookCall, HookServers\n"
        "async def main():\n"
        f"    async with HookServers(pathlib.Path({str(tmp_path)!r}), fork={fork}) as servers:\n"
        f"        call = HookCall(hook='wait', tree={str(tmp_path)!r}, backend='slow_backend', args=({str(pids)!r},),\n"
        f"                        log={str(tmp_path / 'log')!r})\n"
        f"        await servers.call(BuildEnvironment(python=sys.executable), call,\n"
        f"                           environ={{**os.environ, 'PYTHONPATH': {str(installed)!r}}})\n"
        "anyio.run(main)\n"
    )
    with subprocess.Popen([sys.executable, str(script)]) as frontend:
        try:
            deadline = time.monotonic() + 20
            while not (pids.exists() and pids.read_text()) and time.monotonic() < deadline:
                time.sleep(0.02)
            found = [int(pid) for pid in pids.read_text().split()]
            assert found[1] != frontend.pid or not fork
        finally:
            frontend.kill()
    children = [pid for pid in found if pid != frontend.pid]
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(alive(pid) for pid in children)


def test_the_environment_of_a_hook() -> None:
    environ = {
        "PATH": "/usr/bin",
        "PYTHONPATH": "/x",
        "PYTHONHOME": "/y",
        "VIRTUAL_ENV": "/z",
        "GIT_DIR": "/g",
        "CC": "cc",
    }
    isolated = hook_environ(
        environ, BuildEnvironment(python="p", path="/env/bin"), variables={"A": "1"}, source_date_epoch=7
    )
    assert isolated == {
        "PATH": f"/env/bin{os.pathsep}/usr/bin",
        "CC": "cc",
        "PYTHONDONTWRITEBYTECODE": "1",
        "A": "1",
        "SOURCE_DATE_EPOCH": "7",
        "PYTHONNOUSERSITE": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
    }
    shared = hook_environ(
        {**environ, "SOURCE_DATE_EPOCH": "1"}, BuildEnvironment(python="p", isolated=False), source_date_epoch=7
    )
    assert shared["PYTHONPATH"] == "/x"
    assert shared["SOURCE_DATE_EPOCH"] == "1"
