"""Runs workloads: every tool in turn, again and again, so that the machine's moods fall on all alike."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import RunError, Sample
from bench.nginx import Mirror
from bench.stage import Stage
from bench.tool import TOOLS
from bench.workload import Workload

__all__ = ["Outcome", "run_workload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    workload: Workload
    samples: dict[str, list[Sample]]
    failures: dict[str, str] = field(default_factory=dict)
    """Tool -> why it has no samples."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Tool -> how many packages its result holds."""
    differences: tuple[str, ...] = ()
    """What Interlock's result has (+) or lacks (-) against uv's; empty when they are equivalent."""


def run_workload(workload: Workload, mirror: Mirror, folder: Path, repetitions: int) -> Outcome:
    """Warm up once (which also records what the replica lacks), then repeat in alternation."""
    stages: dict[str, Stage] = {}
    failures: dict[str, str] = {}
    for tool in TOOLS:
        if tool.name not in workload.tools:
            continue
        stage = Stage(workload, tool, mirror, folder / workload.name / tool.name)
        try:
            stage.build()
            stage.repeat()
        except RunError as error:
            failures[tool.name] = str(error)
        else:
            stages[tool.name] = stage
    samples: dict[str, list[Sample]] = {name: [] for name in stages}
    for _ in range(repetitions):
        for name, stage in list(stages.items()):
            try:
                samples[name].append(_settled(stage))
            except RunError as error:
                failures[name] = str(error)
                del stages[name], samples[name]
    results = {name: stage.result() for name, stage in stages.items()}
    shutil.rmtree(folder / workload.name, ignore_errors=True)
    return Outcome(
        workload=workload,
        samples=samples,
        failures=failures,
        sizes={name: len(result) for name, result in results.items()},
        differences=_differences(results),
    )


def _settled(stage: Stage) -> Sample:
    """A repetition during which the replica had to record nothing."""
    for _ in range(3):
        before = stage.mirror.replica.recorded
        sample = stage.repeat()
        if stage.mirror.replica.recorded == before:
            return sample
    raise RunError(f"{stage!r} asks for something new each time")


def _differences(results: dict[str, frozenset[tuple[str, str]]]) -> tuple[str, ...]:
    if not {"interlock", "uv"} <= set(results):
        return ()
    ours, theirs = results["interlock"], results["uv"]
    return tuple(sorted([f"+{n}=={v}" for n, v in ours - theirs] + [f"-{n}=={v}" for n, v in theirs - ours]))
