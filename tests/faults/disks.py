"""Small disks: what has no room is told with its full place and leaves nothing half there, and with room made the next
run completes.

``python -m tests.faults.disks`` tries every size and prints a table; a few are among the tests. It mounts file systems
in memory below a temporary folder, which takes root on Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from tests.faults.stage import member, store_is_whole
from tests.interrupting import opened
from tests.processes import program
from tests.registry import Registry
from tests.shop import Shop, broken_records
from tests.wheels import make_wheel

__all__ = ["PLACES", "Outcome", "Place", "missing", "small_disk", "try_places"]

Place = Literal["cache", "environment", "workspace"]
PLACES: tuple[Place, ...] = get_args(Place)
_ROOM = 200
"""Megabytes: what is room for everything."""
_WORDS: tuple[tuple[str, ...], ...] = (
    ("lock",),
    ("sync", "--all-packages"),
    ("build", "--all-packages"),
    ("prune", "--package", "web", "-o", "out"),
    ("deploy", "--package", "web", "-o", "served"),
)
_CHECKS: tuple[tuple[str, ...], ...] = (("lock", "--check"), ("sync", "--all-packages", "--check"))


class Outcome(NamedTuple):
    place: Place
    size: int
    """Megabytes."""
    full: tuple[str, ...]
    """The verbs that had no room."""
    wrong: tuple[str, ...]


def missing() -> str:
    """Why no small disk can be had here; empty where one can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "mounting a small file system needs root on Linux"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(_mount(Path(folder), 1), capture_output=True, text=True, check=False)
        if done.returncode:
            return f"a small file system cannot be mounted here: {done.stderr.strip()}"
        subprocess.run(["umount", folder], check=True)
    return ""


def _mount(place: Path, size: int) -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(place)]


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """A file system of so many megabytes at a new folder, which is unmounted in any case."""
    place.mkdir(parents=True)
    subprocess.run(_mount(place, size), check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def large_packages() -> Registry:
    """Eight wheels of two megabytes that cannot be compressed."""
    made, chance = Registry(), random.Random(1)
    for number in range(8):
        data: dict[str, str | bytes] = {
            f"part{number}/__init__.py": "",
            f"part{number}/data.bin": chance.randbytes(2 << 20),
        }
        made.add(make_wheel(f"part{number}", "1.0", files=data))
    return made


def try_places(folder: Path, sizes: Sequence[int], places: Sequence[Place] = PLACES) -> Iterator[Outcome]:
    packages = large_packages()
    for size in sizes:
        for place in places:
            below = folder / f"{place}-{size}"
            with small_disk(below / "disk", size) as disk, _workspace(below, disk, place, packages) as (shop, environ):
                yield _tried(shop, environ, disk, (place, size))


@contextmanager
def _workspace(below: Path, disk: Path, place: Place, packages: Registry) -> Iterator[tuple[Shop, dict[str, str]]]:
    with opened(disk if place == "workspace" else below, packages) as shop:
        environ = {**os.environ, "INTERLOCK_CACHE_DIR": str(below / "cache")}
        if place == "cache":
            environ["INTERLOCK_CACHE_DIR"] = str(disk / "cache")
        if place == "environment":
            environ["INTERLOCK_PROJECT_ENVIRONMENT"] = str(disk / "env")
        shop.cache = Path(environ["INTERLOCK_CACHE_DIR"])
        catalog = member(shop.root, "catalog", needs=[f"part{number}" for number in range(4)])
        (catalog / "src" / "more.py").write_text("# much\n" * (1 << 17))
        member(shop.root, "web", needs=[f"part{number}" for number in range(4, 8)], siblings=["catalog"])
        yield shop, environ


def _tried(shop: Shop, environ: dict[str, str], disk: Path, case: tuple[Place, int]) -> Outcome:
    full, wrong = [], []
    for words in _WORDS:
        code, said = _run(shop, environ, words)
        if code:
            full.append(words[0])
            wrong += [f"{words[0]} {text}" for text in _badly_said(code, said, disk)]
            wrong += [f"after {words[0]}: {text}" for text in _broken(shop, environ)]
    subprocess.run(["mount", "-o", f"remount,size={_ROOM}m", disk], check=True)
    for words in _WORDS:
        code, said = _run(shop, environ, words)
        if code:
            wrong.append(f"{words[0]} with room ended with {code}:\n{said}")
    for words in _CHECKS:
        code, said = _run(shop, environ, words)
        if code:
            wrong.append(f"{' '.join(words)} at the end: {said}")
    return Outcome(*case, tuple(full), tuple(wrong + _broken(shop, environ) + _left(shop)))


def _run(shop: Shop, environ: dict[str, str], words: tuple[str, ...]) -> tuple[int, str]:
    done = subprocess.run(
        [*program(), *words], cwd=shop.root, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _badly_said(code: int, said: str, disk: Path) -> list[str]:
    words = " ".join(said.split())
    wrong = []
    is_told = "error[machine]" in said or "error[environment-unwritable]" in said
    if code != 1 or not is_told or "no space left on device" not in said.lower() or "ree some space" not in said:
        wrong.append(f"ended with {code}:\n{said}")
    if f"{disk}/" not in said or f"mounted at {disk}" not in words:
        wrong.append(f"does not name the place {disk}:\n{said}")
    return wrong


def _broken(shop: Shop, environ: dict[str, str]) -> list[str]:
    folders = [Path(environ.get("INTERLOCK_PROJECT_ENVIRONMENT", shop.root / ".venv")), shop.root / "served"]
    sites = [site for folder in folders for site in folder.glob("lib/python3*/site-packages")]
    return [text for site in sites for text in broken_records(site)] + store_is_whole(shop.cache)


def _left(shop: Shop) -> list[str]:
    return [f"{path} is left over" for path in (*(shop.cache / "tmp").glob("*"), *shop.root.glob(".interlock-*"))]


def table(outcomes: Sequence[Outcome]) -> str:
    lines = [f"{'':14}{'MB':>4}  {'no room for':44}{'wrong':>6}"]
    lines += [f"{one.place:14}{one.size:4}  {', '.join(one.full) or '-':44}{len(one.wrong):6}" for one in outcomes]
    lines += [f"\n{one.place} of {one.size} MB: {text}" for one in outcomes for text in one.wrong]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smallest", type=int, default=8, help="megabytes")
    parser.add_argument("--largest", type=int, default=40)
    parser.add_argument("--step", type=int, default=4)
    options = parser.parse_args()
    # What is mounted is unmounted in any case.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if reason := missing():
        sys.stdout.write(f"left out: {reason}\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        sizes = range(options.smallest, options.largest + 1, options.step)
        found = list(try_places(Path(folder), sizes))
    sys.stdout.write(f"{table(found)}\n")
    return 1 if any(one.wrong for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
