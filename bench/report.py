"""Outcomes as a table for people and JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

from bench.measure import Sample
from bench.peers import PINS
from bench.run import Outcome

__all__ = ["HEADINGS", "formatted", "ratio", "rows", "write_json"]

HEADINGS = (
    *("workload", "tool", "median s", "min-max s", "ratio", "reach", "aim"),
    *("cpu s", "peak MB", "requests", "MB", "packages"),
)


def ratio(outcome: Outcome, tool: str) -> float | None:
    """Interlock's median over another tool's."""
    ours, theirs = outcome.samples.get("interlock"), outcome.samples.get(tool)
    if not ours or not theirs:
        return None
    return median(s.seconds for s in ours) / median(s.seconds for s in theirs)


def rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """One row per tool; the ratio stands with the tool that Interlock is compared with."""
    workload = outcome.workload
    made: list[tuple[str, ...]] = []
    for tool, samples in outcome.samples.items():
        if not samples:
            continue
        against = ratio(outcome, tool) if tool != "interlock" else None
        bounds = (workload.reach, workload.aim) if tool == workload.against else (None, None)
        made.append(
            (
                workload.name if not made else "",
                tool,
                f"{median(s.seconds for s in samples):.3f}",
                f"{min(s.seconds for s in samples):.3f}-{max(s.seconds for s in samples):.3f}",
                "" if against is None else f"{against:.3f}",
                *("" if bound is None else f"{bound:g}" for bound in bounds),
                f"{median(s.processor for s in samples):.3f}",
                f"{max(s.peak for s in samples) / 1e6:.0f}",
                str(round(median(s.requests for s in samples))),
                f"{median(s.bytes for s in samples) / 1e6:.1f}",
                str(outcome.sizes.get(tool, 0)),
            )
        )
    return made


def formatted(cells: list[tuple[str, ...]]) -> str:
    """Columns of even width."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def write_json(outcomes: list[Outcome], folder: Path, server: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    body = {
        "made": stamp,
        "machine": {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "pins": PINS,
        "server": server,
        "workloads": [_entry(outcome) for outcome in outcomes],
    }
    target = folder / f"{stamp}.json"
    target.write_text(json.dumps(body, indent=1) + "\n")
    return target


def _entry(outcome: Outcome) -> dict[str, object]:
    workload = outcome.workload
    return {
        "name": workload.name,
        "title": workload.title,
        "curve": workload.curve,
        "members": workload.workspace.members,
        "ratio": ratio(outcome, workload.against),
        "against": workload.against,
        "reach": workload.reach,
        "aim": workload.aim,
        "tools": {tool: _summary(samples) for tool, samples in outcome.samples.items() if samples},
        "failures": outcome.failures,
        "packages": outcome.sizes,
        "differences": outcome.differences,
    }


def _summary(samples: list[Sample]) -> dict[str, object]:
    return {
        "median": median(s.seconds for s in samples),
        "min": min(s.seconds for s in samples),
        "max": max(s.seconds for s in samples),
        "peak": max(s.peak for s in samples),
        "samples": [asdict(sample) for sample in samples],
    }
