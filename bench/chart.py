"""Growth curves of the newest result, as PNG and SVG; runs in the peers' environment, which has matplotlib."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.paths import RESULTS

__all__ = ["draw"]

TITLES = {
    "grow-cold": "cold lock",
    "grow-warm": "warm lock, no lockfile",
    "grow-change": "lock after a one-member change",
}


def draw(result: Path) -> list[Path]:
    """Draw one chart per growth curve in a result; members and seconds on logarithmic axes."""
    from matplotlib import use  # noqa: PLC0415 - only in the peers' environment

    use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    curves: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for workload in json.loads(result.read_text())["workloads"]:
        if workload["curve"]:
            curves[workload["curve"]].append(workload)
    made = []
    for curve, points in sorted(curves.items()):
        points.sort(key=lambda point: point["members"])
        figure, axes = pyplot.subplots(figsize=(6, 4))
        for tool in sorted({tool for point in points for tool in point["tools"]}):
            known = [point for point in points if tool in point["tools"]]
            members = [point["members"] for point in known]
            figures = [point["tools"][tool] for point in known]
            axes.plot(members, [each["median"] for each in figures], marker="o", label=tool)
            axes.fill_between(members, [each["min"] for each in figures], [each["max"] for each in figures], alpha=0.2)
        axes.set(xscale="log", yscale="log", xlabel="members", ylabel="seconds", title=TITLES.get(curve, curve))
        axes.legend()
        axes.grid(visible=True, which="both", alpha=0.3)
        for kind in ("png", "svg"):
            target = result.with_name(f"{result.stem}-{curve}.{kind}")
            figure.savefig(target, bbox_inches="tight", dpi=150)
            made.append(target)
        pyplot.close(figure)
    return made


if __name__ == "__main__":
    newest = max(RESULTS.glob("*.json"))
    print("\n".join(map(str, draw(newest))) or f"{newest} has no growth curve")
