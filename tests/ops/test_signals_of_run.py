"""Signals that reach `run` reach the program that it runs, as they would had it been started by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import alive, wait_for
from tests.shop import Shop
from tests.terminal import Screen

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

KEPT = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGTTIN, signal.SIGTTOU, signal.SIGXFSZ}
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS}
REAL_TIME = {signal.SIGRTMIN, signal.SIGRTMIN + 3, signal.SIGRTMAX} if hasattr(signal, "SIGRTMIN") else set()
FORWARDED = sorted({*signal.valid_signals(), *REAL_TIME} - KEPT - FAULTS - {signal.SIGTSTP}, key=int)
FORWARDED = [number for number in FORWARDED if isinstance(number, signal.Signals) or number in REAL_TIME]

PROGRAM = """
import os, signal, sys, time
def note(number, frame):
    open("got", "a").write(f"{int(number)}\\n")
    if number in (signal.SIGINT, signal.SIGTERM):
        sys.exit(7)
for number in map(int, sys.argv[1:]):
    signal.signal(number, note)
open("pid.new", "w").write(str(os.getpid()))
os.rename("pid.new", "pid")
for _ in range(600):
    time.sleep(0.05)
"""


@pytest.fixture
def synced(shop: Shop) -> Shop:
    shop.run("sync", "--all-packages")
    shop.write("packages/web/child.py", PROGRAM)
    shop.write("packages/web/alone.py", f"# /// script\n# dependencies = []\n# ///\n{PROGRAM}")
    return shop


@contextlib.contextmanager
def running(shop: Shop, *how: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A command that runs the program in the folder of ``web``, once that listens."""
    folder = shop.root / "packages" / "web"
    process = shop.start("--directory", folder, "run", *how, **environ)
    try:
        wait_for((folder / "pid").exists, process)
        yield process, folder
    finally:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
        process.kill()
        process.communicate()


def got(folder: Path) -> list[int]:
    path = folder / "got"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def arrives(folder: Path, number: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 20
    while number not in got(folder):
        assert process.poll() is None or number in got(folder), process.communicate()
        assert time.monotonic() < end, f"signal {number} did not arrive: {got(folder)}"
        time.sleep(0.01)


NUMBERS = tuple(str(int(number)) for number in FORWARDED)
WAYS = {
    "a program": ("--no-sync", "python", "child.py", *NUMBERS),
    "a member": ("-r", "--no-sync", "--package", "web", "python", "child.py", *NUMBERS),
    "a script": ("alone.py", *NUMBERS),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_signal_arrives(synced: Shop, way: str) -> None:
    last = [signal.SIGINT]
    with running(synced, *WAYS[way]) as (process, folder):
        for number in [*(number for number in FORWARDED if number not in {signal.SIGINT, signal.SIGTERM}), *last]:
            process.send_signal(number)
            arrives(folder, number, process)
        assert process.wait(20) == 7
        assert not alive(int((folder / "pid").read_text()))


def test_stopping_and_going_on_are_for_both(synced: Shop) -> None:
    folder = synced.root / "packages" / "web"
    line = ["run", "--no-sync", "python", "child.py", str(int(signal.SIGCONT))]
    # A group that nobody watches over cannot be stopped, so it is one of this session.
    process = subprocess.Popen([sys.executable, "-m", "interlock", *line], cwd=folder, process_group=0, text=True)
    both = [process.pid]

    def are_stopped() -> bool:
        texts = [Path(f"/proc/{pid}/stat").read_text() for pid in both]
        return all(text.rpartition(")")[2].split()[0] == "T" for text in texts)

    try:
        wait_for((folder / "pid").exists, process)
        both.insert(0, int((folder / "pid").read_text()))
        process.send_signal(signal.SIGTSTP)
        wait_for(are_stopped, process)
        process.send_signal(signal.SIGCONT)
        arrives(folder, signal.SIGCONT, process)
        process.send_signal(signal.SIGTSTP)
        wait_for(are_stopped, process)
    finally:
        for pid in both:
            os.kill(pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("how", [(), ("-r", "--package", "web")])
def test_what_is_ignored_stays_ignored(synced: Shop, how: tuple[str, ...]) -> None:
    folder = synced.root / "packages" / "web"
    command = ["nohup", sys.executable, "-m", "interlock", "run", "--no-sync", *how, "python", "child.py"]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        wait_for((folder / "pid").exists, process)
        child = int((folder / "pid").read_text())
        ignored = int(Path(f"/proc/{child}/status").read_text().partition("SigIgn:")[2].split()[0], 16)
        assert ignored >> (signal.SIGHUP - 1) & 1
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None
        assert alive(child)
    finally:
        process.terminate()
        process.communicate()


def test_an_interrupt_of_us_alone_ends_a_program_and_is_told(synced: Shop) -> None:
    (synced.root / "packages" / "web" / "child.py").write_text(PROGRAM.replace("sys.exit(7)", "pass"))
    for how in (("sleep", "30"), ("-r", "--package", "web", "sleep", "30")):
        process = synced.start("run", "--no-sync", *how)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert err.endswith("interrupted\n"), err


def test_nothing_is_started_after_an_interrupt(synced: Shop) -> None:
    synced.write(
        "packages/web/wait.py",
        "import signal, sys, time\nsignal.signal(signal.SIGINT, lambda *_: sys.exit(0))\n"
        "open('pid', 'w').close()\ntime.sleep(30)\n",
    )
    web = synced.root / "packages" / "web"
    tasks = '[tool.interlock.tasks]\nwait = "python wait.py"\nafter = "python -c \\"open(\'after\', \'w\')\\""\n'
    tasks += '[tool.interlock.tasks.both]\nsequence = ["wait", "after"]\n'
    (web / "pyproject.toml").write_text((web / "pyproject.toml").read_text() + tasks)
    for how in (("both",), ("-r", "--package", "web", "both")):
        process = synced.start("--directory", web, "run", "--no-sync", *how)
        wait_for((web / "pid").exists, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err.rstrip().endswith("interrupted")) == (130, True), err
        assert not (web / "after").exists()
        (web / "pid").unlink()


def test_a_key_of_the_terminal_arrives_once(synced: Shop) -> None:
    folder = synced.root / "packages" / "web"
    (folder / "child.py").write_text(PROGRAM.replace("sys.exit(7)", "pass"))
    command = [sys.executable, "-m", "interlock", "run", "--no-sync", "python", "child.py", str(int(signal.SIGINT))]
    with Screen(command, cwd=folder) as screen:
        end = time.monotonic() + 20
        while not (folder / "pid").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        screen.type("\x03")
        time.sleep(1)
        assert got(folder) == [signal.SIGINT]
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
