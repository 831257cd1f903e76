"""Where the benchmark keeps things.

::

    bench/.data/            ignored by git
        venv/               the peers, and Interlock as it stands in this checkout
        replica/simple/     project pages as recorded, links made relative
        replica/files/      metadata files, wheels and sdists
    bench/results/          JSON and charts, ignored by git
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

__all__ = ["DATA", "PEERS", "REPLICA", "RESULTS", "ROOT", "fresh", "memory_folder"]

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "bench" / ".data"
PEERS = DATA / "venv"
REPLICA = DATA / "replica"
RESULTS = ROOT / "bench" / "results"


def memory_folder() -> Path:
    """A new folder on tmpfs where there is one: on a disk the kernel would dominate every figure."""
    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="interlock-bench-", dir=shm if shm.is_dir() else None))


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
