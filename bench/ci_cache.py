"""``python -m bench.ci_cache``: what a CI's cache costs and saves: a pack against uv's cache, saved and restored alike.

The first job finds nothing, installs and keeps a file: Interlock by ``cache pack``, ``cache unpack`` and ``sync``, uv
by ``sync``, ``cache prune --ci`` and an archive of its cache. The next job, on a machine that has nothing but this
file, restores the cache and installs. The index is as far away as for ``bench.packs``; the file is there already.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.packs import Line, Setting, far_away
from bench.paths import fresh, memory_folder
from bench.traffic import traffic_since

__all__ = ["CiCache", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CiCache:
    first: float
    """Seconds of the first job."""
    restore: float
    """Seconds from the file to a cache."""
    sync: float
    """Seconds from the cache to an environment."""
    kept: int
    """Bytes of the file."""
    fetched: int
    """Bytes from the index in the job that restores."""
    requests: int


def measure(setting: Setting) -> dict[str, CiCache]:
    """Both tools, one after the other."""
    with far_away(setting) as line:
        return {"interlock": _interlock(line), "uv": _uv(line)}


def _interlock(line: Line) -> CiCache:
    setting, pack = line.setting, line.setting.folder / "deps.pack"

    def run(*arguments: str) -> None:
        setting.interlock(*arguments, INTERLOCK_DEFAULT_INDEX=line.index)

    def first() -> None:
        run("cache", "pack", "-o", str(pack))
        run("cache", "unpack", str(pack))
        run("sync", "--locked")

    setting.empty()
    begin = _seconds(first)
    setting.empty()
    before = line.log.stat().st_size
    restore = _seconds(lambda: run("cache", "unpack", str(pack)))
    return _measured(line, before, (begin, restore), pack, lambda: run("sync", "--locked"))


def _uv(line: Line) -> CiCache:
    setting, cache, saved = line.setting, line.setting.folder / "uv", line.setting.folder / "uv.tar"

    def run(*arguments: str) -> None:
        environ = setting.environ(UV_CACHE_DIR=str(cache), UV_DEFAULT_INDEX=line.index, UV_PYTHON=sys.executable)
        _run(str(Path(sys.executable).with_name("uv")), *arguments, cwd=setting.tree, environ=environ)

    def first() -> None:
        run("sync", "--frozen")
        run("cache", "prune", "--ci")
        _run("tar", "-cf", str(saved), "-C", str(cache), ".", cwd=setting.folder)

    def restore() -> None:
        cache.mkdir()
        _run("tar", "-xf", str(saved), "-C", str(cache), cwd=setting.folder)

    setting.empty()
    run("lock")
    shutil.rmtree(cache)
    begin = _seconds(first)
    setting.empty()
    shutil.rmtree(cache)
    before = line.log.stat().st_size
    return _measured(line, before, (begin, _seconds(restore)), saved, lambda: run("sync", "--frozen"))


def _measured(line: Line, before: int, spent: tuple[float, float], kept: Path, sync: Callable[[], None]) -> CiCache:
    seconds = _seconds(sync)
    time.sleep(0.5)  # until the log is written
    traffic = traffic_since(line.log, before)
    return CiCache(
        first=spent[0],
        restore=spent[1],
        sync=seconds,
        kept=kept.stat().st_size,
        fetched=traffic.bytes,
        requests=traffic.requests,
    )


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _run(*line: str, cwd: Path, environ: dict[str, str] | None = None) -> None:
    done = subprocess.run(line, cwd=cwd, env=environ or dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{line} ended with {done.returncode}\n{done.stderr}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ci_cache", description=__doc__)
    parser.add_argument("--wheels", type=int, default=200)
    parser.add_argument("--scale", type=float, default=1.0, help="of their sizes: 160 MB together with 1")
    arguments = parser.parse_args()
    folder = memory_folder()
    try:
        setting = Setting(folder=fresh(folder / "ci"), count=arguments.wheels, scale=arguments.scale)
        print(f"{'':10} {'first job':>10} {'kept':>11} {'restore':>8} {'sync':>8} {'fetched':>11} {'requests':>9}")
        for name, one in measure(setting).items():
            print(
                f"{name:10} {one.first:8.1f} s {one.kept / 1e6:8.1f} MB {one.restore:6.1f} s {one.sync:6.1f} s"
                f" {one.fetched / 1e6:8.1f} MB {one.requests:9}"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
