"""Whether a directory holds nothing but what git ignores, as a checkout of another branch leaves it behind.

Rules are those of gitignore(5): the last pattern that matches wins, a pattern with a slash is anchored, one that ends
in a slash means directories. Only asked about directories that should have a manifest and have none.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from interlock.workspace.wildcards import compile_parts

__all__ = ["holds_only_ignored"]

_Rule = tuple[re.Pattern[str], bool, bool, str]
"""Pattern, whether it negates, whether it means directories only, and the directory it stands in."""


def holds_only_ignored(directory: Path) -> bool:
    """Whether every file below is ignored by git; true for a directory without files."""
    repository = next((parent for parent in (directory, *directory.parents) if (parent / ".git").exists()), None)
    rules: list[_Rule] = []
    if repository is not None:
        rules += _rules(repository / ".git" / "info" / "exclude", repository)
        between = [parent for parent in directory.parents if parent.is_relative_to(repository)]
        for parent in reversed(between):
            rules += _rules(parent / ".gitignore", parent)
        for parent in (*reversed(between), directory):
            if parent != repository and _is_ignored(parent.as_posix(), rules, is_directory=True):
                return True
    return _all_ignored(directory, rules, in_git=repository is not None)


def _all_ignored(directory: Path, rules: list[_Rule], *, in_git: bool) -> bool:
    waiting = [(directory, rules)]
    while waiting:
        place, above = waiting.pop()
        here = [*above, *_rules(place / ".gitignore", place)] if in_git else above
        with os.scandir(place) as entries:
            for entry in entries:
                inner = Path(entry.path)
                is_directory = entry.is_dir(follow_symlinks=False)
                if _is_ignored(inner.as_posix(), here, is_directory=is_directory):
                    continue
                if not is_directory:
                    return False
                waiting.append((inner, here))
    return True


def _is_ignored(path: str, rules: list[_Rule], *, is_directory: bool) -> bool:
    ignored = False
    for pattern, negates, directories_only, base in rules:
        applies = (is_directory or not directories_only) and path.startswith(base)
        if applies and pattern.fullmatch(path[len(base) :]):
            ignored = not negates
    return ignored


def _rules(file: Path, base: Path) -> list[_Rule]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return []
    return [rule for line in lines if (rule := _rule(line, base.as_posix().rstrip("/") + "/")) is not None]


def _rule(line: str, base: str) -> _Rule | None:
    line = line.rstrip()
    if not line or line.startswith("#"):
        return None
    negates = line.startswith("!")
    line = line.removeprefix("!").removeprefix("\\")
    directories_only = line.endswith("/")
    line = line.rstrip("/")
    parts = [part for part in line.split("/") if part]
    anchored = "/" in line
    return compile_parts(parts if anchored else ["**", *parts]), negates, directories_only, base
