"""Processes of ``build``: how many there are at once, and that none outlives a build that is ended."""

from __future__ import annotations

import signal
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.processes import alive, running, wait_for
from tests.release_trees import BACKEND, dist, member


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
