"""Patterns of a workspace table: which directories they name.

``*``, ``?`` and ``[...]`` match within one part of a path, ``**`` matches any number of parts. A walk for ``**`` leaves
out hidden directories, virtual environments and ``node_modules``, and follows no links; a part that is written or
matched by ``*`` may be any of these.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from interlock.workspace.wildcards import compile_parts

__all__ = ["expand", "is_excluded", "is_included"]

_SKIPPED = frozenset({"node_modules", "__pycache__"})
_MAGIC = re.compile(r"[*?\[]")
_MEMO: dict[tuple[str, bool], re.Pattern[str]] = {}


def expand(root: str, pattern: str) -> Iterator[tuple[str, bool]]:
    """Paths of existing directories that match, relative to the root, sorted, each with whether ``**`` found it."""
    yield from _expand(root, "", _parts(pattern), deep=False)


def is_included(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a relative path matches one of the patterns of members."""
    return any(_compiled(pattern, crossing=False).fullmatch(path) for pattern in patterns)


def is_excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a relative path matches one of the patterns of exclusions; in these ``*`` matches across ``/`` too."""
    return any(_compiled(pattern, crossing=True).fullmatch(path) for pattern in patterns)


def _parts(pattern: str) -> list[str]:
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in {"", "."}]
    # Two `**` in a row mean one, and would be walked as often as there are ways to share the levels.
    return [part for at, part in enumerate(parts) if part != "**" or parts[at - 1 : at] != ["**"]]


def _expand(root: str, base: str, parts: list[str], *, deep: bool) -> Iterator[tuple[str, bool]]:
    if not parts:
        yield base or ".", deep
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _descend(root, base, rest)
    elif _MAGIC.search(part):
        matches = compile_parts([part]).fullmatch
        for name, _ in _directories(root, base):
            if matches(name):
                yield from _expand(root, _join(base, name), rest, deep=deep)
    else:
        inner = os.path.normpath(_join(base, part)) if part == ".." else _join(base, part)
        if rest or os.path.isdir(os.path.join(root, inner)):
            yield from _expand(root, inner, rest, deep=deep)


def _descend(root: str, base: str, rest: list[str]) -> Iterator[tuple[str, bool]]:
    """Everything below a directory, itself included."""
    waiting = [base]
    while waiting:
        here = waiting.pop()
        yield from _expand(root, here, rest, deep=True)
        if here and os.path.exists(os.path.join(root, here, "pyvenv.cfg")):
            continue
        waiting += [
            _join(here, name)
            for name, is_link in reversed(_directories(root, here))
            if not name.startswith(".") and name not in _SKIPPED and not is_link
        ]


def _directories(root: str, base: str) -> list[tuple[str, bool]]:
    """Names of the directories in a directory, sorted, with whether each is a link."""
    try:
        with os.scandir(os.path.join(root, base)) as entries:
            return sorted((entry.name, entry.is_symlink()) for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _join(base: str, name: str) -> str:
    return f"{base}/{name}" if base else name


def _compiled(pattern: str, *, crossing: bool) -> re.Pattern[str]:
    found = _MEMO.get((pattern, crossing))
    if found is None:
        found = _MEMO[pattern, crossing] = compile_parts(_parts(pattern), crossing=crossing)
    return found
