"""An index where a part of all answers goes wrong: never a wrong lock, no half environment, and no fewer successes than
uv has with the same faults.

``python -m tests.faults.faulty_index --count 10 --seed 1`` makes ten rounds at each rate and prints a table; a short
round is among the tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from interlock.core.lock.codec import decode_lock
from tests.faults.chances import KINDS, PASSING, Chances, Kind
from tests.index_server import IndexServer, serve
from tests.processes import program
from tests.registry import Registry
from tests.shop import broken_records, stored_wheels_are_whole
from tests.wheels import make_wheel

__all__ = ["RATES", "Outcome", "find_uv", "lock_and_sync", "many_packages", "own_tool", "try_often", "uv_tool"]

RATES = (0.01, 0.05, 0.20)
_PACKAGES = 12
_SECONDS = 120


class Tool(NamedTuple):
    name: str
    program: Sequence[str]
    lockfile: str
    settings: dict[str, str]
    address: str
    """The variable that names the index."""
    cache: str
    """The variable that names the cache."""


class Outcome(NamedTuple):
    tool: str
    rate: float
    seed: int
    worked: bool
    wrong: tuple[str, ...]
    """What should never be, whether it worked or not."""
    met: int
    """Faults."""
    seconds: float
    said: str


def own_tool() -> Tool:
    settings = {"INTERLOCK_PYTHON": sys.executable, "INTERLOCK_HTTP_TIMEOUT": "1"}
    return Tool("interlock", program(), "interlock.lock", settings, "INTERLOCK_DEFAULT_INDEX", "INTERLOCK_CACHE_DIR")


def find_uv() -> str | None:
    """The uv of this environment, or of the machine."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.is_file() else shutil.which("uv")


def uv_tool(program: str) -> Tool:
    settings = {"UV_PYTHON": sys.executable, "UV_HTTP_TIMEOUT": "1", "UV_PYTHON_DOWNLOADS": "never"}
    settings |= {"UV_NO_CONFIG": "1"}
    return Tool("uv", (program,), "uv.lock", settings, "UV_DEFAULT_INDEX", "UV_CACHE_DIR")


def many_packages() -> Registry:
    """Two versions of each, of which the newer is wanted; each needs the next."""
    made = Registry()
    for number in range(_PACKAGES):
        for version in ("1.0", "2.0"):
            needs = [f"part{number + 1}>={version}"] if number % 4 != 3 else []
            files = {f"part{number}/module{index}.py": f"X = '{version}'\n" * 50 for index in range(8)}
            made.add(make_wheel(f"part{number}", version, requires=needs, files=files))
    return made


def expected() -> dict[str, str]:
    return {f"part{number}": "2.0" for number in range(_PACKAGES)}


def lock_and_sync(tool: Tool, place: Path, index: IndexServer, chances: Chances) -> tuple[bool, list[str], str]:
    """From nothing to an environment: whether it worked, what is wrong, and what was said."""
    root, cache = place / "shop", place / "cache"
    root.mkdir(parents=True)
    asked = ", ".join(f'"part{number}"' for number in range(0, _PACKAGES, 4))
    text = f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{asked}]\n'
    (root / "pyproject.toml").write_text(text + "[tool.uv]\npackage = false\n")
    index.draw = chances.draw
    environ = {**os.environ, **tool.settings, tool.address: index.url, tool.cache: str(cache)}
    environ.pop("VIRTUAL_ENV", None)
    for word in ("lock", "sync"):
        done = subprocess.run(
            [*tool.program, word], cwd=root, env=environ, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        worked, wrong, said = done.returncode == 0, _wrong(tool, root, cache, done), done.stdout + done.stderr
        if wrong or not worked or word == "sync":
            return worked and not wrong, wrong, said
    raise AssertionError(tool)


def _wrong(tool: Tool, root: Path, cache: Path, done: subprocess.CompletedProcess[str]) -> list[str]:
    sites = [*root.glob(".venv/lib/python3*/site-packages")]
    wrong = [text for site in sites for text in broken_records(site)]
    lockfile = root / tool.lockfile
    if lockfile.exists() and _versions(tool, lockfile) != expected():
        wrong.append(f"the lock has {_versions(tool, lockfile)}")
    installed = {info.name.partition("-")[0] for site in sites for info in site.glob("part*.dist-info")}
    if done.returncode == 0 and sites and installed != set(expected()):
        wrong.append(f"the environment has {sorted(installed)}")
    if tool.name == "interlock":
        stored_wheels_are_whole(cache)
        said = done.stderr
        if done.returncode not in {0, 1} or (done.returncode == 1 and "error[" not in said) or "Traceback" in said:
            wrong.append(f"it ended with {done.returncode}: {said}")
    return wrong


def _versions(tool: Tool, lockfile: Path) -> dict[str, str]:
    if tool.name == "interlock":
        lock = decode_lock(lockfile.read_bytes(), file=lockfile.name)
        return {package.name: package.version for package in lock.packages if package.name != "app"}
    packages = tomllib.loads(lockfile.read_text())["package"]
    return {package["name"]: package["version"] for package in packages if package["name"] != "app"}


def try_often(
    tools: Sequence[Tool], seeds: Sequence[int], rates: Sequence[float] = RATES, kinds: Sequence[Kind] = KINDS
) -> Iterator[Outcome]:
    """Every tool with every seed at every rate, each from nothing."""
    packages = many_packages()
    for rate in rates:
        for seed in seeds:
            for tool in tools:
                with _folder() as place, serve(packages) as index:
                    chances = Chances(seed, rate, kinds)
                    begun = time.monotonic()
                    worked, wrong, said = lock_and_sync(tool, place, index, chances)
                    took = time.monotonic() - begun
                yield Outcome(tool.name, rate, seed, worked, tuple(wrong), chances.met.total(), took, said)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def table(outcomes: Sequence[Outcome]) -> str:
    lines = [f"{'tool':12}{'rate':>6}{'worked':>10}{'faults met':>12}{'seconds':>10}{'wrong':>8}"]
    for rate in dict.fromkeys(one.rate for one in outcomes):
        for tool in dict.fromkeys(one.tool for one in outcomes):
            ours = [one for one in outcomes if (one.tool, one.rate) == (tool, rate)]
            worked = f"{sum(one.worked for one in ours)}/{len(ours)}"
            numbers = f"{sum(one.met for one in ours):12}{sum(one.seconds for one in ours) / len(ours):10.2f}"
            lines.append(f"{tool:12}{rate:>6.0%}{worked:>10}{numbers}{sum(bool(one.wrong) for one in ours):8}")
    for one in outcomes:
        if one.wrong or not one.worked:
            what = "wrong" if one.wrong else "failed"
            lines.append(f"\n{one.tool} {what} at {one.rate:.0%} with seed {one.seed}: {one.wrong or one.said.strip()}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="seeds at each rate")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--passing", action="store_true", help="only faults that HTTP tells from a right answer")
    options = parser.parse_args()
    kinds = PASSING if options.passing else KINDS
    uv = find_uv()
    tools = [own_tool(), *([uv_tool(uv)] if uv else [])]
    found = list(try_often(tools, range(options.seed, options.seed + options.count), kinds=kinds))
    sys.stdout.write(table(found) + ("\n" if uv else "\nuv is not installed\n"))
    ours = [one for one in found if one.tool == "interlock"]
    fewer = uv is not None and any(
        sum(one.worked for one in ours if one.rate == rate)
        < sum(one.worked for one in found if one.tool == "uv" and one.rate == rate)
        for rate in RATES
    )
    return 1 if fewer or any(one.wrong for one in ours) else 0


if __name__ == "__main__":
    sys.exit(main())
