"""Interrupts commands at many moments and counts how they end.

``python -m tests.interrupting --count 1000 --seed 7`` makes a long round; a short one is among the tests.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.index_server import Behaviour, serve
from tests.processes import finish, start
from tests.registry import Registry
from tests.shop import Shop, flask_and_click

__all__ = ["COMMANDS", "Round", "Wrong", "interrupt_often", "kind_of_end", "opened", "staged"]


class Command(NamedTuple):
    arguments: tuple[str, ...]
    prepare: Callable[[Shop], None]
    """Makes sure that there is something to do."""


def _nothing(shop: Shop) -> None:
    del shop


def _no_lock(shop: Shop) -> None:
    shop.lockfile.unlink(missing_ok=True)


def _no_environment(shop: Shop) -> None:
    shutil.rmtree(shop.root / ".venv", ignore_errors=True)


def _nothing_known(shop: Shop) -> None:
    _no_lock(shop)
    shutil.rmtree(shop.cache, ignore_errors=True)


COMMANDS = {
    "lock": Command(("lock",), _no_lock),
    "lock, cold": Command(("lock",), _nothing_known),
    "lock, fresh": Command(("lock",), _nothing),
    "lock --check": Command(("lock", "--check", "--quiet"), _nothing),
    "sync": Command(("sync",), _no_environment),
    "sync, cold": Command(("sync",), _nothing_known),
    "sync, in sync": Command(("sync",), _nothing),
    "run": Command(("run", "sleep", "0.1"), _nothing),
    "run, to sync": Command(("run", "sleep", "0.1"), _no_environment),
    "run -r": Command(("run", "-r", "--no-sync", "sleep", "0.1"), _nothing),
}


_OURS = "__main__.py"
"""In every traceback that has come so far as to be ours."""


class Wrong(NamedTuple):
    """An end that should not be."""

    command: str
    moment: float
    """Seconds after the start."""
    code: int
    said: str


class Round(NamedTuple):
    ends: dict[str, Counter[str]]
    """By command how often it was ``interrupted``, ``done`` before the signal came, or interrupted while ``python`` had
    not come to us yet, which is nothing that we could answer; and ``wrong``."""
    wrong: list[Wrong]

    def __str__(self) -> str:
        columns = ("interrupted", "done", "python", "wrong")
        lines = [f"{'':16}" + "".join(f"{column:>12}" for column in columns)]
        lines += [f"{name:16}" + "".join(f"{found[one]:12}" for one in columns) for name, found in self.ends.items()]
        lines += [f"\n{one.command} after {one.moment:.3f} s ended with {one.code}:\n{one.said}" for one in self.wrong]
        return "\n".join(lines)


def interrupt_often(shop: Shop, count: int, seed: int) -> Round:
    """Interrupt each command ``count`` times, at moments that the seed decides; half of the time its children too."""
    chance = random.Random(seed)
    found = Round({}, [])
    for name, command in COMMANDS.items():
        ends = found.ends[name] = Counter()
        lasts = max(_lasts(shop, command) for _ in range(2))
        for number in range(count):
            command.prepare(shop)
            moment = chance.uniform(0, 1.1 * lasts)
            code, said = _interrupted(shop, command, moment, everybody=number % 2 == 0)
            kind = kind_of_end(code, said)
            ends[kind] += 1
            if kind == "wrong":
                found.wrong.append(Wrong(name, moment, code, said))
        finish(start("sync", cwd=shop.root))
    return found


def _lasts(shop: Shop, command: Command) -> float:
    command.prepare(shop)
    begun = time.monotonic()
    process = start(*command.arguments, cwd=shop.root)
    _, said = finish(process)
    assert process.returncode == 0, said
    return time.monotonic() - begun


def _interrupted(shop: Shop, command: Command, moment: float, *, everybody: bool) -> tuple[int, str]:
    process = start(*command.arguments, cwd=shop.root)
    time.sleep(moment)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT) if everybody else process.send_signal(signal.SIGINT)
    out, err = finish(process)
    return process.returncode, out + err


def kind_of_end(code: int, said: str, number: int = signal.SIGINT) -> str:
    """What became of a command that was sent a signal; the kinds are those of :class:`Round`."""
    if ("Traceback" in said and _OURS not in said) or (code == -number and not said):
        # While it was finding us, or before it had a handler.
        return "python"
    if "Traceback" in said or "error" in said:
        return "wrong"
    if code == 0:
        return "done"
    return "interrupted" if code == 128 + number and said.rstrip().endswith("interrupted") else "wrong"


@contextmanager
def opened(place: Path, packages: Registry) -> Iterator[Shop]:
    """A workspace without members, with an index, which commands find by the environment of this process."""
    with serve(packages, Behaviour()) as index:
        shop = Shop(place / "shop", place / "cache", packages, index)
        settings = {
            "INTERLOCK_DEFAULT_INDEX": index.url,
            "INTERLOCK_PYTHON": sys.executable,
            "INTERLOCK_CACHE_DIR": str(shop.cache),
        }
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            yield shop
        finally:
            shop.close()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def staged(place: Path) -> Iterator[Shop]:
    """The workspace that :data:`COMMANDS` work in."""
    packages = flask_and_click()
    with opened(place, packages) as shop:
        shop.member("catalog", "click")
        shop.member("web", "catalog", "flask")
        yield shop


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="moments for each command")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # A shell that started us in the background has it ignored, which children would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as place, staged(Path(place)) as shop:
        found = interrupt_often(shop, options.count, options.seed)
    sys.stdout.write(f"{found}\n")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
