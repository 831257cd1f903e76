"""Words: how values of the commands read for people, and as documents."""

from __future__ import annotations

import os
from collections.abc import Iterable

__all__ = ["built_file", "built_members", "format_bytes", "locked", "plural", "what_was_removed"]

_STEP = 1024


def format_bytes(amount: int) -> str:
    """A size with a unit.

    >>> format_bytes(512), format_bytes(1536), format_bytes(5 * 1024**3)
    ('512 B', '1.5 KiB', '5.0 GiB')
    """
    size = float(amount)
    for unit in ("B", "KiB", "MiB"):
        if size < _STEP:
            return f"{amount} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:.1f} GiB"


def plural(count: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "package"), plural(0, "package")
    ('1 package', '0 packages')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def built_file(path: str, size: int, cwd: str, *, unchanged: bool) -> str:
    """A file that was built, or was there; named from the working directory when it is below it."""
    shown = path.removeprefix(os.path.join(cwd, ""))
    return f"{'Unchanged' if unchanged else 'Built'} {shown} ({format_bytes(size)})"


def built_members(built: int, unchanged: int) -> str:
    return f"Built {plural(built, 'member')}, {unchanged} unchanged"


def locked(packages: int, members: int) -> str:
    return f"Locked {plural(packages, 'package')} for {plural(members, 'member')}."


def what_was_removed(files: int, size: int, in_use: Iterable[object]) -> str:
    """What became of a cache, and whose environments were left."""
    lines = [f"Removed {files} files, {format_bytes(size)}."]
    lines += [f"Left the environment that {run} runs in; --force removes it too." for run in in_use]
    return "\n".join(lines)
