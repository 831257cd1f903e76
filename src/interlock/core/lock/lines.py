"""Where in the text of a lock a package stands, for those who point people at it."""

from __future__ import annotations

import re

__all__ = ["package_lines"]

_PACKAGES = '  "packages": ['
_KEY = re.compile(r'      "(name|version)": "([^"]*)",?')


def package_lines(text: str) -> dict[tuple[str, str], int]:
    """By name and version the line, from 1, that a package begins on; of several with both alike the first."""
    found: dict[tuple[str, str], int] = {}
    name, at, inside = "", 0, False
    for number, line in enumerate(text.splitlines(), start=1):
        inside = inside or line == _PACKAGES
        match = _KEY.fullmatch(line) if inside else None
        if match is None:
            continue
        if match[1] == "name":
            name, at = match[2], number
            found.setdefault((name, ""), at)
        else:
            found.setdefault((name, match[2]), at)
    return found
