"""Different verbs at the same time, in one workspace and over one store: each succeeds or says why, what it said it did
is done, and everything is whole at the end.

``python -m tests.faults.mixed --count 20 --seed 7`` makes a long round and prints a table; a short one is among the
tests.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.faults.stage import Stage, staged
from tests.processes import finish, start
from tests.shop import broken_records

__all__ = ["Round", "mix_often"]

AT_ONCE = 7
_REASONS = frozenset({"cache-busy", "file-changed", "lock-outdated", "lock-timeout"})
"""What a command may say that others are in the way of."""
_PARTS = 8


class Wrong(NamedTuple):
    number: int
    """Of the mix."""
    said: str


class Round(NamedTuple):
    ends: dict[str, Counter[str]]
    """By verb how often it was ``done`` and what it said otherwise."""
    wrong: list[Wrong]

    def __str__(self) -> str:
        columns = sorted({end for found in self.ends.values() for end in found}, key=lambda end: (end != "done", end))
        lines = [f"{'':12}" + "".join(f"{column:>15}" for column in columns)]
        lines += [f"{name:12}" + "".join(f"{found[one]:15}" for one in columns) for name, found in self.ends.items()]
        return "\n".join([*lines, *(f"\nmix {one.number}: {one.said}" for one in self.wrong)])


def _drawn(chance: random.Random, other: Path) -> list[tuple[str, ...]]:
    """The commands of one mix; no two add the same."""
    names = [f"part{number}" for number in range(1, _PARTS)]
    chance.shuffle(names)
    pools = [
        ("lock",),
        ("lock", "--upgrade"),
        ("sync", "--all-packages"),
        ("add", "--package", "web", names[0]),
        ("add", "--package", "web", names[1]),
        ("add", "--package", "catalog", names[2]),
        ("remove", "--package", "web", "flask"),
        ("build", "--all-packages"),
        ("prune", "--package", "web", "-o", "out"),
        ("deploy", "--package", "web", "-o", "served"),
        ("run", "--package", "web", "python", "-c", "import flask"),
        ("run", "-r", "--package", "catalog", "python", "-c", "import click"),
        ("export", "--package", "web", "-o", "web.txt"),
        ("tree", "--package", "web"),
        ("cache", "prune"),
        ("sync", "--all-packages", "--directory", str(other)),
        ("add", "--package", "web", names[3], "--directory", str(other)),
    ]
    return chance.sample(pools, AT_ONCE)


def mix_often(stage: Stage, count: int, seed: int) -> Round:
    """``count`` mixes of commands that the seed draws, each in a workspace of its own making."""
    chance = random.Random(seed)
    found = Round({}, [])
    other = stage.shop.root.with_name("other")
    for number in range(count):
        stage.restore("in sync")
        if chance.random() < 0.5:
            shutil.rmtree(stage.shop.cache)
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(stage.shop.root, other, ignore=shutil.ignore_patterns(".venv"))
        commands = _drawn(chance, other)
        processes = [start(*words, cwd=stage.shop.root) for words in commands]
        ends = [(words, *_ended(process)) for words, process in zip(commands, processes, strict=True)]
        for words, end, said in ends:
            found.ends.setdefault(words[0], Counter())[end] += 1
            if end != "done" and end not in _REASONS and not _has_no_flask(words, said, commands):
                found.wrong.append(Wrong(number, f"{' '.join(words)} ended badly beside {commands}:\n{said}"))
        done = [words for words, end, _ in ends if end == "done"]
        found.wrong.extend(Wrong(number, f"{text}, of {commands}") for text in _not_done(stage, other, done))
        found.wrong.extend(Wrong(number, f"{text}, of {commands}") for text in _not_right(stage, other))
    return found


def _ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = finish(process, 120)
    said = out + err
    code = re.search(r"error\[([a-z-]+)\]", err)
    if process.returncode == 0 and "Traceback" not in said:
        return "done", said
    return code[1] if code and process.returncode in {1, 3} else f"exit {process.returncode}", said


def _has_no_flask(words: tuple[str, ...], said: str, commands: list[tuple[str, ...]]) -> bool:
    """A program of the environment that needs what another command takes away."""
    removes = any(other[0] == "remove" for other in commands)
    return removes and words[0] == "run" and "No module named 'flask'" in said


def _not_done(stage: Stage, other: Path, done: list[tuple[str, ...]]) -> list[str]:
    """Commands that said they had changed a manifest, which is not changed."""
    wrong = []
    for words in done:
        if words[0] not in {"add", "remove"}:
            continue
        root = other if str(other) in words else stage.shop.root
        text = (root / "packages" / words[2] / "pyproject.toml").read_text()
        if (f'"{words[3]}' in text) != (words[0] == "add"):
            wrong.append(f"`{' '.join(words)}` is not to be seen in the manifest")
    return wrong


def _not_right(stage: Stage, other: Path) -> list[str]:
    """What is not whole, before and after a sync of each workspace."""
    wrong = stage.broken()
    for root in (stage.shop.root, other):
        for words in (("sync", "--all-packages"), ("lock", "--check"), ("sync", "--all-packages", "--check")):
            process = start(*words, cwd=root)
            out, err = finish(process, 120)
            if process.returncode:
                wrong.append(f"{' '.join(words)} at the end: {out}{err}")
        wrong += [text for site in root.glob(".venv/lib/python3*/site-packages") for text in broken_records(site)]
        wrong += [f"{path} is left over" for path in (*root.rglob(".interlock-*"), *root.glob(".*.interlock-*"))]
    return wrong + stage.broken()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="mixes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, staged(Path(place)) as stage:
        found = mix_often(stage, options.count, options.seed)
    sys.stdout.write(f"seed {options.seed}\n{found}\n")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
