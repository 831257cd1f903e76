"""A small process that starts the measured one: a child counts its parent's memory as its own until it has begun.

Run as ``python -I -S launcher.py`` with one JSON object on standard input and one on standard output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

__all__: list[str] = []


def main() -> None:
    order = json.load(sys.stdin)
    with open(order["log"], "wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            order["argv"],
            cwd=order["folder"],
            env=order["environ"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    json.dump(
        {
            "code": process.returncode,
            "seconds": seconds,
            "processor": usage.ru_utime + usage.ru_stime,
            "peak": usage.ru_maxrss * 1024,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
