"""A process killed while it changes an environment: what is there works, and the next run completes it."""

# ruff: noqa: ASYNC220, ASYNC251 - the other process is what is waited for
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interlock.install.swap import has_leftovers, recover
from tests.install.conftest import Machine
from tests.install.test_transaction import check_record
from tests.wheels import Built, make_wheel

SCRIPT = """
import sys, os, anyio, msgspec
from pathlib import Path
from interlock.core.plan.plan import Plan
from interlock.envs.environments import load_environment
from interlock.install import swap, uninstall
from interlock.install.transaction import apply, Options
from interlock.store.archives import open_wheel
from interlock.store.layout import Layout
root, store, known, plan, die = sys.argv[1:]
calls = 0
def counted(function):
    def run(*args, **kwargs):
        global calls
        calls += 1
        if calls == int(die):
            os.kill(os.getpid(), 9)
        return function(*args, **kwargs)
    return run
for name in ("rename", "replace", "unlink", "rmdir", "mkdir", "open", "makedirs"):
    setattr(os, name, counted(getattr(os, name)))
layout = Layout(Path(store))
def look(wanted):
    return open_wheel(layout, wanted.artifact.sha256)
async def obtain(wanted):
    return look(wanted)
async def main():
    environment = load_environment(Path(root), Path(known))
    print("start", flush=True)
    await apply(msgspec.json.decode(plan, type=Plan), environment, obtain, Options(jobs=1), look=look)
    print("done", calls, flush=True)
anyio.run(main)
"""


def versions() -> tuple[list[Built], list[Built]]:
    def files(version: str, extra: str) -> dict[str, str]:
        return {
            "{0}/__init__.py": f"V = '{version}'\n",
            "{0}/part.py": f"V = '{version}'\n",
            f"{{0}}/{extra}.py": "",
            f"{{0}}/sub/{extra}.py": "",
            "ns/{0}.py": f"V = '{version}'\n",
        }

    def built(name: str, version: str, extra: str) -> Built:
        contents = {path.format(name): text for path, text in files(version, extra).items()}
        return make_wheel(name, version, files=contents, entry_points={"console_scripts": {name: f"{name}:x"}})

    old = [built(name, "1", "old") for name in ("a", "b", "c")]
    return old, [built(name, "2", "new") for name in ("a", "b")] + [built("d", "2", "new")]


def is_whole(machine: Machine, name: str, version: str) -> None:
    check_record(machine, f"{name}-{version}.dist-info")
    code = f"import {name}, {name}.part, ns.{name} as n; print({name}.V, {name}.part.V, n.V)"
    for path in (machine.site / name, machine.site / "ns"):
        assert path.is_dir()
    sources = [machine.site / name / "__init__.py", machine.site / name / "part.py", machine.site / "ns" / f"{name}.py"]
    assert {source.read_text() for source in sources} == {f"V = '{version}'\n"}, code


def expected_files(machine: Machine) -> set[str]:
    found = set()
    for info in machine.site.glob("*.dist-info"):
        found |= {os.path.normpath(machine.site / path) for path in check_record(machine, info.name)}
    return found


async def run_killed(machine: Machine, tmp_path: Path, die: int, wait: float | None = None) -> bool:
    """Run the change in another process; whether it was killed."""
    import msgspec  # noqa: PLC0415

    old, new = versions()
    plan = machine.plan(*new, remove=("c",))
    for wheel in new:
        await machine.obtain(machine.wanted(wheel))
    text = msgspec.json.encode(plan).decode()
    arguments = [str(machine.environment.root), str(machine.layout.root), str(tmp_path / "known"), text, str(die)]
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if wait is not None:
            process.stdout.readline()
            time.sleep(wait)
            process.kill()
        said = process.communicate()[0]
    assert process.returncode in {0, -signal.SIGKILL}
    del old
    return "done" not in said


async def check(machine: Machine) -> None:
    """Every distribution that counts as installed is whole; another run makes the environment what was wanted."""
    _, new = versions()
    present = machine.installed()
    for name, version in present.items():
        is_whole(machine, name, version)
    gone = tuple(name for name in ("c",) if name in present)
    missing = [wheel for wheel in new if present.get(wheel.name) != wheel.version]
    await machine.install(*missing, remove=gone)
    assert not has_leftovers(machine.environment)
    assert machine.installed() == {"a": "2", "b": "2", "d": "2"}
    owned = expected_files(machine)
    on_disk = {str(path) for path in machine.site.rglob("*") if path.is_file()}
    assert on_disk == {path for path in owned if path.startswith(str(machine.site) + os.sep)}
    assert {path.name for path in machine.scripts.iterdir()} & {"a", "b", "c", "d"} == {"a", "b", "d"}


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
async def test_killed_before_each_kind_of_change(machine: Machine, tmp_path: Path) -> None:
    await machine.install(*versions()[0])
    before = machine.files()
    # With these numbers the process dies while it stages, then at renames and removals.
    for die in (5, 20, 40):
        assert await run_killed(machine, tmp_path, die)
        assert machine.files() == before
        assert recover(machine.environment) or die < 6
    assert machine.files() == before


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
@pytest.mark.slow
@pytest.mark.time_limit(300)
async def test_killed_at_every_fifth_change(machine: Machine, tmp_path: Path) -> None:
    killed = 0
    die = 60
    while True:
        present = machine.installed()
        await machine.install(*versions()[0], remove=("d",) if "d" in present else ())
        if not await run_killed(machine, tmp_path, die):
            break
        killed += 1
        await check(machine)
        die += 5
    assert killed > 10
    await check(machine)


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
@pytest.mark.parametrize("wait", [0.0, 0.002, 0.005, 0.01])
async def test_killed_at_some_moment(machine: Machine, tmp_path: Path, wait: float) -> None:
    await machine.install(*versions()[0])
    await run_killed(machine, tmp_path, -1, wait)
    await check(machine)
