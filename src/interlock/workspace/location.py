"""Where a requirement is written, as ``file:line``: manifests are read again for that, only when something failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from interlock.core.manifests.lines import find_line
from interlock.core.members.asks import Origin
from interlock.core.names import normalize_name
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.slot import slot_of

__all__ = ["locator"]

_QUOTED = re.compile(r""""([^"]+)"|'([^']+)'""")
_TOOL_TABLES = {"constraint": "constraint-dependencies", "override": "override-dependencies"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def locator(root: Path) -> Callable[[Origin], str]:
    """A function that says where a member of the workspace at ``root`` asks for something; blocking.

    It says nothing of a constraint or an override that is not written in the root's manifest.
    """
    texts: dict[str, str] = {}

    def locate(origin: Origin) -> str:
        file = "pyproject.toml" if origin.path in {"", "."} else f"{origin.path}/pyproject.toml"
        text = texts.get(file)
        if text is None:
            try:
                text = (root / file).read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError):
                text = ""
            texts[file] = text
        line = _line(text, origin)
        if line is None and origin.table in _TOOL_TABLES:
            return ""
        return f"{file}:{line}" if line is not None else file

    return locate


def _line(text: str, origin: Origin) -> int | None:
    """The line of the requirement, that of its table when it cannot be told, None when there is no such table."""
    wanted = _canonical(origin.text)
    if wanted is None:
        return None
    name = wanted[0]
    start = None
    for table in _tables(origin.table):
        start = find_line(text, (*table, name) if table[:2] == ("tool", "poetry") else table)
        if start is not None:
            break
    for exactly in (True, False):
        for first in dict.fromkeys((start or 1, 1)):
            for number, written in _written(text, first):
                if written == wanted or (not exactly and written[0] == name and first == start):
                    return number
    return start if origin.table not in _TOOL_TABLES else None


def _tables(table: str) -> list[tuple[str, ...]]:
    """Where the requirements of an ask's table are written, the most likely place first."""
    if table in _TOOL_TABLES:
        return [("tool", dialect, _TOOL_TABLES[table]) for dialect in ("interlock", "uv")]
    extra, group = slot_of(table)
    if extra is not None:
        return [("project", "optional-dependencies", extra), ("tool", "poetry", "extras", extra)]
    if group is not None:
        named = ("tool", "poetry", "group", group, "dependencies")
        return [("dependency-groups", group), named, ("dependency-groups",)]
    return [("project", "dependencies"), ("tool", "poetry", "dependencies")]


def _written(text: str, first: int) -> Iterator[tuple[int, tuple[str, str]]]:
    """Every string from a line on that is a requirement, comments left out."""
    for number, line in enumerate(text.splitlines(), start=1):
        if number < first or line.lstrip().startswith("#"):
            continue
        for match in _QUOTED.finditer(line):
            found = _canonical(match[1] or match[2])
            if found is not None:
                yield number, found


def _canonical(text: str) -> tuple[str, str] | None:
    """Name and the whole requirement in one way of writing it; None when it is none."""
    if _NAME.match(text) is None:
        return None
    try:
        requirement = parse_requirement(text)
    except InvalidRequirement:
        return None
    whole = f"{','.join(requirement.extras)}{requirement.specifier}{requirement.url};{requirement.marker}"
    return normalize_name(requirement.name), whole
