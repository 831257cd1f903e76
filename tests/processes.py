"""Commands in processes of their own: how they are started, waited for and, whatever happens, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["alive", "end_group", "finish", "mortal", "program", "running", "start", "wait_for"]


def program() -> list[str]:
    """As people start it: the way through ``-m`` has more of Python's own before us."""
    script = Path(sys.executable).with_name("interlock")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "interlock"]


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """A command in a process group of its own, as people start it."""
    return subprocess.Popen(
        [*program(), *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that is ended at the latest with the block; who starts backends ends them with itself."""
    command = [sys.executable, "-m", "interlock", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finish(process: subprocess.Popen[str], seconds: float = 60.0) -> tuple[str, str]:
    """What a command that has a process group of its own says until its end; one that takes longer is ended."""
    try:
        return process.communicate(timeout=seconds)
    finally:
        end_group(process)


_WITH_ITS_PARENT = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
sys.argv.pop(0)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def mortal(module: str, *arguments: str) -> list[str]:
    """A server as ``python -m`` starts it that ends with its standard input: when a test run is aborted too."""
    return [sys.executable, "-W", "ignore", "-c", _WITH_ITS_PARENT, module, *arguments]


def end_group(process: subprocess.Popen[str]) -> None:
    """End a command that has a process group of its own, if it still runs, with what it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(what: Callable[[], object], process: subprocess.Popen[str], seconds: float = 20.0) -> None:
    """Wait for what a command does while it runs."""
    end = time.monotonic() + seconds
    while not what():
        assert process.poll() is None or what(), process.communicate()
        assert time.monotonic() < end, "it did not come so far"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be taken note of does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
