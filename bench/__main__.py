"""``python -m bench [--quick] [--only NAME ...] [--repetitions N]``."""

from __future__ import annotations

import argparse
import fnmatch
import shutil
import signal
import subprocess
import sys

from bench.nginx import serve_replica
from bench.paths import REPLICA, RESULTS, ROOT, memory_folder
from bench.peers import default_index, executable, install_peers
from bench.replica import Replica
from bench.report import HEADINGS, formatted, rows, write_json
from bench.run import Outcome, run_workload
from bench.table import ROWS
from bench.workload import Workload

__all__: list[str] = []


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Interlock side by side with its peers.")
    parser.add_argument("--quick", action="store_true", help="the short rows, 5 repetitions: under three minutes")
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN", help="rows whose name matches")
    parser.add_argument("--repetitions", type=int, default=0, help="5 by default")
    parser.add_argument("--list", action="store_true", help="show the rows and end")
    parser.add_argument("--offline", action="store_true", help="record nothing: serve the replica as it is")
    parser.add_argument(
        "--no-metadata", action="store_true", help="let pages advertise metadata files only where the index itself does"
    )
    arguments = parser.parse_args()
    wanted = [row for row in ROWS if _is_wanted(row, arguments.only, quick=arguments.quick)]
    if arguments.list or not wanted:
        print("\n".join(f"{row.name:18} {row.title}" for row in ROWS))
        return 0 if arguments.list else 2
    # Ended from outside, clean up all the same: a server and a folder in memory would stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    install_peers()
    folder = memory_folder()
    try:
        upstream = None if arguments.offline else default_index()
        replica = Replica(REPLICA, upstream, metadata=not arguments.no_metadata)
        with serve_replica(replica, folder) as mirror:
            outcomes = []
            for row in wanted:
                print(f"{row.name}: {row.title}", flush=True)
                outcomes.append(run_workload(row, mirror, folder, arguments.repetitions or 5))
                _show(outcomes[-1:])
            print()
            _show(outcomes)
            print(f"\nserved by {mirror.server}; written to {write_json(outcomes, RESULTS, repr(mirror))}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if any(row.curve for row in wanted):
        subprocess.run([str(executable("python")), "-m", "bench.chart"], cwd=ROOT, check=True)
    return 0


def _is_wanted(row: Workload, patterns: list[str], *, quick: bool) -> bool:
    if patterns:
        return any(fnmatch.fnmatch(row.name, pattern) for pattern in patterns)
    return row.quick or not quick


def _show(outcomes: list[Outcome]) -> None:
    cells = [cell for outcome in outcomes for cell in rows(outcome)]
    if cells:
        print(formatted([HEADINGS, *cells]))
    for outcome in outcomes:
        for tool, reason in outcome.failures.items():
            print(f"{outcome.workload.name}: {tool} has no figure. {reason}")
        if outcome.differences:
            shown = " ".join(outcome.differences[:12])
            print(f"{outcome.workload.name}: {len(outcome.differences)} differences between the results: {shown}")


if __name__ == "__main__":
    raise SystemExit(main())
