"""The law of kills: a verb that gets a signal at any moment leaves every file old or new and nothing half there, and
the next run completes it.

``python -m tests.faults.kills --count 150 --seed 7`` makes a long round and prints a table; a short one is among the
tests.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.faults.stage import VERBS, Files, Stage, Verb, neither, staged
from tests.interrupting import kind_of_end
from tests.processes import finish, start

__all__ = ["Round", "kill_often"]

_COLUMNS = ("killed", "interrupted", "done", "python", "wrong")
_MOST = 6
"""Lines of what is wrong with one round."""
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Wrong(NamedTuple):
    verb: str
    number: int
    """Of the signal."""
    moment: float
    """Seconds after the start."""
    said: str

    def __str__(self) -> str:
        return f"{self.verb} after {self.moment:.3f} s, {signal.Signals(self.number).name}:\n{self.said}"


class Round(NamedTuple):
    ends: dict[str, Counter[str]]
    """By verb; kinds as those of :class:`tests.interrupting.Round`, and how often it was ``killed``."""
    wrong: list[Wrong]

    def __str__(self) -> str:
        lines = [f"{'':20}" + "".join(f"{column:>12}" for column in _COLUMNS)]
        lines += [f"{name:20}" + "".join(f"{found[one]:12}" for one in _COLUMNS) for name, found in self.ends.items()]
        total: Counter[str] = sum(self.ends.values(), Counter())
        lines += [f"{'together':20}" + "".join(f"{total[one]:12}" for one in _COLUMNS)]
        return "\n".join([*lines, *(f"\n{one}" for one in self.wrong)])


class Undisturbed(NamedTuple):
    before: Files
    after: Files
    lasts: float
    """Seconds."""


def kill_often(stage: Stage, count: int, seed: int, verbs: list[str] | None = None) -> Round:
    """``count`` rounds over the verbs in turn, at moments that the seed decides; every other one is a SIGKILL."""
    chance = random.Random(seed)
    names = verbs or list(VERBS)
    known: dict[str, Undisturbed] = {}
    found = Round({name: Counter() for name in names}, [])
    for number in range(count):
        name = names[number % len(names)]
        if name not in known:
            known[name] = _undisturbed(stage, name)
        kind = SIGNALS[0] if chance.random() < 0.5 else chance.choice(SIGNALS[1:])
        moment = chance.uniform(0.2, 1.05) * known[name].lasts
        end, wrong = _one(stage, name, known[name], (kind, moment, chance.random() < 0.5))
        found.ends[name][end if not wrong else "wrong"] += 1
        if wrong:
            found.wrong.append(Wrong(name, kind, moment, "\n".join(wrong[:_MOST])))
    return found


def _undisturbed(stage: Stage, name: str) -> Undisturbed:
    verb = VERBS[name]
    stage.restore("in sync")
    verb.prepare(stage)
    stage.keep(name)
    before, begun = stage.files(), time.monotonic()
    process = start(*verb.arguments, cwd=stage.shop.root)
    _, said = finish(process, 120)
    lasts = time.monotonic() - begun
    assert process.returncode == 0, said
    assert not stage.broken()
    return Undisturbed(before, stage.files(), lasts)


def _one(stage: Stage, name: str, known: Undisturbed, blow: tuple[int, float, bool]) -> tuple[str, list[str]]:
    """How it ended, and what is not as it should be."""
    number, moment, everybody = blow
    stage.restore(name)
    process = start(*VERBS[name].arguments, cwd=stage.shop.root)
    time.sleep(moment)
    if process.poll() is None:
        os.killpg(process.pid, number) if everybody else process.send_signal(number)
    out, err = finish(process, 120)
    if number == signal.SIGKILL:
        kind = "killed" if process.returncode == -number else "done" if process.returncode == 0 else "wrong"
    else:
        kind = kind_of_end(process.returncode, out + err, number)
    wrong = [f"ended with {process.returncode}:\n{out}{err}"] if kind == "wrong" else []
    found = stage.files()
    wrong += [f"{path} is neither old nor new" for path in neither(found, known.before, known.after)]
    wrong += stage.broken()
    wrong += _completed(stage, VERBS[name], found, known)
    return kind, wrong


def _completed(stage: Stage, verb: Verb, found: Files, known: Undisturbed) -> list[str]:
    """What the next run does not bring to where an undisturbed one leads."""
    changed = [path for path in found if path.endswith("pyproject.toml") and found[path] != known.before.get(path)]
    process = start(*(verb.otherwise if verb.otherwise and changed else verb.arguments), cwd=stage.shop.root)
    out, err = finish(process, 120)
    if process.returncode:
        return [f"the next run ended with {process.returncode}:\n{out}{err}"]
    after = stage.files()
    paths = sorted({path for path, _ in after.items() ^ known.after.items()})
    return [f"{path} is not what an undisturbed run gives" for path in paths[:10]] + stage.broken()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=150, help="rounds, over all verbs in turn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verb", action="append", choices=list(VERBS), help="only this one (repeatable)")
    options = parser.parse_args()
    # A shell that started us in the background has it ignored, which children would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as place, staged(Path(place)) as stage:
        found = kill_often(stage, options.count, options.seed, options.verb)
    sys.stdout.write(f"seed {options.seed}\n{found}\n")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
