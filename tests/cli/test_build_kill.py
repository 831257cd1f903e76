"""``kill -9`` during ``build``: nothing half written, no process left over, and the next run completes.

The moments are random, from a seed that is printed; ``INTERLOCK_TEST_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.faults.stage import store_is_whole
from tests.processes import alive, running
from tests.release_trees import BACKEND, member

pytestmark = [
    pytest.mark.slow,
    pytest.mark.time_limit(600),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]

MOMENTS = 20
WAITING = """
def _noted(folder):
    # What a compiler would be: a process of its own, which outlives a careless frontend.
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    for pid in (os.getpid(), child.pid):
        open(f"{folder}/{pid}", "w").close()
    time.sleep(0.1)
    child.kill()
    child.wait()
"""


@pytest.fixture
def trees(trees: Path, tmp_path: Path) -> Path:
    noting = BACKEND.replace("project = _read()", f"_noted({str(tmp_path / 'pids')!r}); project = _read()") + WAITING
    member(trees, "rules", backend=noting)
    for number in range(4):
        needs = [f"part-{number - 1}"] if number else []
        member(trees, f"part-{number}", backend=noting, requires=["rules"] if number % 2 else [], needs=needs)
    return trees


def none_left(pids: Path) -> None:
    deadline = time.monotonic() + 20
    while left := [path.name for path in pids.iterdir() if alive(int(path.name))]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.02)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def test_at_any_moment(run: Run, trees: Path, tmp_path: Path) -> None:
    seed = int(os.environ.get("INTERLOCK_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    sys.stdout.write(f"INTERLOCK_TEST_SEED={seed}\n")
    moments = random.Random(seed)
    pids = tmp_path / "pids"
    pids.mkdir()
    command = [sys.executable, "-m", "interlock", "build", "--all-packages"]
    begun = time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    took = time.monotonic() - begun
    whole = content(trees / "dist")
    assert len(whole) == 10
    killed = 0
    for _ in range(MOMENTS):
        shutil.rmtree(trees / "dist")
        for bucket in ("built-v1", "build-envs-v1"):
            shutil.rmtree(tmp_path / "cache" / bucket)
        for path in pids.iterdir():
            path.unlink()
        with running("build", "--all-packages") as process:
            time.sleep(moments.uniform(0.1, 1.0) * took)
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        none_left(pids)
        assert not store_is_whole(tmp_path / "cache")
        if (trees / "dist").exists():
            assert content(trees / "dist").items() <= whole.items(), "a file is there whole or not at all"
        assert run("build", "--all-packages").code == 0
        assert content(trees / "dist") == whole
        assert not list((trees / "dist").glob(".*part"))
    assert killed >= MOMENTS // 2, "the moments have to be within the run"
