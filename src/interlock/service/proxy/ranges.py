"""The part of a file that is asked for (RFC 9110 14). Pure."""

from __future__ import annotations

import re

__all__ = ["read_range"]

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def read_range(text: str, size: int) -> tuple[int, int] | None:
    """From which byte to before which one; None for all of it, as for what cannot be read and for several parts.

    >>> read_range("bytes=0-9", 100), read_range("bytes=-10", 100), read_range("bytes=90-", 100)
    ((0, 10), (90, 100), (90, 100))
    >>> read_range("bytes=200-", 100), read_range("bytes=0-1,3-4", 100), read_range("", 100)
    (None, None, None)
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    return (start, stop) if start < stop else None
