"""``python -m bench.deltas``: what deltas save, on thirty real upgrades that are fetched from the configured index."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.paths import memory_folder
from interlock.core.settings.limits import DEFAULT
from interlock.packs.trees import make_frame

__all__ = ["UPGRADES", "Upgrade", "fetch", "measure"]

UPGRADES = (
    ("aiohttp", "3.9.4", "3.9.5"),
    ("black", "24.4.1", "24.4.2"),
    ("boto3", "1.34.100", "1.34.101"),
    ("botocore", "1.34.100", "1.34.101"),
    ("cryptography", "42.0.7", "42.0.8"),
    ("django", "5.0.5", "5.0.6"),
    ("duckdb", "0.10.1", "0.10.2"),
    ("fastapi", "0.110.2", "0.110.3"),
    ("grpcio", "1.62.1", "1.62.2"),
    ("httpx", "0.26.0", "0.27.0"),
    ("lxml", "5.2.1", "5.2.2"),
    ("matplotlib", "3.8.3", "3.8.4"),
    ("mypy", "1.9.0", "1.10.0"),
    ("networkx", "3.2", "3.2.1"),
    ("numpy", "1.26.3", "1.26.4"),
    ("orjson", "3.10.2", "3.10.3"),
    ("pandas", "2.2.1", "2.2.2"),
    ("pillow", "10.2.0", "10.3.0"),
    ("polars", "0.20.25", "0.20.26"),
    ("protobuf", "5.26.0", "5.26.1"),
    ("psycopg2-binary", "2.9.8", "2.9.9"),
    ("pyarrow", "16.0.0", "16.1.0"),
    ("pydantic-core", "2.18.1", "2.18.2"),
    ("pygments", "2.17.2", "2.18.0"),
    ("rich", "13.7.0", "13.7.1"),
    ("ruff", "0.4.3", "0.4.4"),
    ("scikit-learn", "1.4.1.post1", "1.4.2"),
    ("scipy", "1.13.0", "1.13.1"),
    ("setuptools", "69.5.0", "69.5.1"),
    ("sqlalchemy", "2.0.29", "2.0.30"),
)
"""Names with an older and a newer version, as their users met them."""
_FOR = ("--python-version", "3.11", "--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    name: str
    wheel: int
    """Bytes of the newer one."""
    sent: int
    """Of the delta, or of the wheel where a delta is not worth it or cannot be made."""
    seconds: float


def fetch(name: str, version: str, folder: Path) -> Path:
    """The wheel for a fixed platform, by pip."""
    place = folder / f"{name}-{version}"
    line = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", *_FOR]
    subprocess.run([*line, "--dest", str(place), f"{name}=={version}"], check=True)
    (found,) = place.glob("*.whl")
    return found


def measure(upgrades: Iterable[tuple[str, str, str]], folder: Path) -> list[Upgrade]:
    found = []
    for name, old, new in upgrades:
        base, wheel = fetch(name, old, folder), fetch(name, new, folder)
        begun = time.perf_counter()
        made = make_frame(wheel, base, DEFAULT)
        seconds = time.perf_counter() - begun
        size = wheel.stat().st_size
        sent = size if made is None else min(size, len(made.frame))
        found.append(Upgrade(name=name, wheel=size, sent=sent, seconds=seconds))
        shutil.rmtree(base.parent)
        shutil.rmtree(wheel.parent)
    return found


def main() -> int:
    folder = memory_folder()
    try:
        found = measure(UPGRADES, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for one in found:
        share = one.sent / one.wheel
        print(f"{one.name:18} {one.wheel / 1e6:8.2f} MB  {one.sent / 1e6:8.2f} MB  {share:5.0%}  {one.seconds:5.1f} s")
    wheels, sent = sum(one.wheel for one in found), sum(one.sent for one in found)
    print(f"{'together':18} {wheels / 1e6:8.2f} MB  {sent / 1e6:8.2f} MB  {sent / wheels:5.0%}")
    print(f"{'peak memory':18} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:8.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
