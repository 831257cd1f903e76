"""One timed process: wall time, processor time and peak memory, its children's included."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RunError", "Sample", "measure"]

LAUNCHER = Path(__file__).with_name("launcher.py")


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
    order = {"argv": argv, "folder": str(folder), "environ": environ, "log": str(log)}
    launched = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER)], input=json.dumps(order), capture_output=True, text=True, check=True
    )
    answer = json.loads(launched.stdout)
    if answer["code"] != 0:
        tail = log.read_text(errors="replace")[-1500:]
        raise RunError(f"{' '.join(argv)} ended with {answer['code']}:\n{tail}")
    return Sample(seconds=answer["seconds"], processor=answer["processor"], peak=answer["peak"])
