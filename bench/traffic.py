"""What a run fetched, read from the server's log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NGINX_FORMAT", "Traffic", "line", "traffic_since"]

NGINX_FORMAT = "$request_method\\t$request_uri\\t$status\\t$bytes_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    requests: int
    bytes: int
    repeated: int
    """Requests for a path that had been asked for before, ranges of files aside."""


def line(method: str, path: str, status: int, sent: int) -> str:
    return f"{method}\t{path}\t{status}\t{sent}\n"


def traffic_since(log: Path, offset: int) -> Traffic:
    """The traffic after ``offset`` bytes of the log."""
    if not log.is_file():
        return Traffic(requests=0, bytes=0, repeated=0)
    with log.open("rb") as file:
        file.seek(offset)
        rows = [row.split("\t") for row in file.read().decode().splitlines()]
    seen = Counter((row[0], row[1]) for row in rows if row[2] != "206")
    sent = sum(int(row[3]) for row in rows)
    return Traffic(requests=len(rows), bytes=sent, repeated=sum(count - 1 for count in seen.values()))
