"""Whether an environment is still what was installed: a full disk or a stray hand may have changed it."""

from __future__ import annotations

import csv
import os
from pathlib import Path

__all__ = ["is_damaged"]

_BYTECODE = ("marshal", "bad magic number", "EOFError")
"""What Python says of bytecode that was cut off."""


def is_damaged(root: Path, said: str) -> bool:
    """``said`` is what went wrong in it; blocking, and only worth its time after a failure."""
    if any(word in said for word in _BYTECODE):
        return True
    records = list(root.glob("**/*.dist-info/RECORD"))
    return not records or any(_is_changed(record) for record in records)


def _is_changed(record: Path) -> bool:
    """Whether files that a RECORD tells the size of are gone or have another one."""
    site = record.parents[1]
    try:
        with record.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) > 2 and row[2].isdecimal()]
        return any(os.path.getsize(site / row[0]) != int(row[2]) for row in rows)
    except (OSError, ValueError, csv.Error):
        return True
