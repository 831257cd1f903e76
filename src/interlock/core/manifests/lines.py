"""Where a key of a TOML document is written, so that an error can say the line.

The document has been parsed already (``tomllib`` keeps no positions), so this only has to find a key known to exist; it
reads line by line and may be off by a line in unusual layouts, never wrong about the file.
"""

from __future__ import annotations

import re

__all__ = ["find_line"]

_HEADER = re.compile(r"\s*\[\[?([^\[\]]+)\]\]?\s*(?:#.*)?$")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_ASSIGNMENT = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_PARTS = re.compile(_PART)


def find_line(text: str, where: tuple[str, ...], near: str = "") -> int | None:
    """Line, from 1, that assigns the key at a path, or else the innermost table around it; None when nothing matches.

    With ``near``, the first line from there on that holds this text (an item of a list, say).

    >>> find_line('[project]\\nname = "a"\\n', ("project", "name"))
    2
    """
    lines = text.splitlines()
    best: int | None = None
    depth = 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(lines, start=1):
        header = _HEADER.match(line)
        if header is not None:
            table = _split(header[1])
            full = table
        else:
            assignment = _ASSIGNMENT.match(line)
            if assignment is None:
                continue
            full = (*table, *_split(assignment[1]))
        matched = _common(full, where)
        if matched > depth:
            best, depth = number, matched
    if best is not None and near:
        for number in range(best, len(lines) + 1):
            if near in lines[number - 1]:
                return number
    return best


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PARTS.findall(dotted))


def _common(full: tuple[str, ...], where: tuple[str, ...]) -> int:
    """How many leading parts agree, when one path begins with the other; else 0."""
    shared = min(len(full), len(where))
    return shared if full[:shared] == where[:shared] else 0
