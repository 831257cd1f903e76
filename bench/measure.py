"""One timed process: wall time, processor time and peak memory, its children's included."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RunError", "Sample", "measure"]


class RunError(Exception):
    """A command under measurement ended with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    seconds: float
    processor: float
    """User and system time."""
    peak: int
    """Bytes of the largest process of the tree."""
    requests: int = 0
    bytes: int = 0
    repeated: int = 0


def measure(argv: list[str], *, folder: Path, environ: dict[str, str], log: Path) -> Sample:
    """Run to the end; the output goes to ``log``. Raises RunError with its tail on a non-zero exit."""
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = log.read_text(errors="replace")[-1500:]
        raise RunError(f"{' '.join(argv)} ended with {process.returncode}:\n{tail}")
    return Sample(seconds=seconds, processor=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss * 1024)
