"""What pyenv selects: the installations that its ``python`` would start, found without starting it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from interlock.core.text.encoding import decode_text

__all__ = ["find_installation", "natural_key", "selected_installations"]


def selected_installations(root: str, version: str, start: Path) -> tuple[str, ...]:
    """Folders of what is selected by ``PYENV_VERSION``, the nearest ``.python-version`` or pyenv's own file; blocking.

    What is not installed and ``system`` are left out.
    """
    files = (*(folder / ".python-version" for folder in (start, *start.parents)), Path(root, "version"))
    text = version.replace(":", "\n") or next((text for file in files if (text := _read(file))), "")
    names = (name for line in text.splitlines() for name in line.partition("#")[0].split())
    return tuple(found for name in names if (found := find_installation(root, name)))


def find_installation(root: str, name: str) -> str:
    """The folder of a version, an environment or the newest version of a series; empty when there is none."""
    versions = os.path.join(root, "versions")
    name = name.removeprefix("python-")
    if ".." in name.split("/") or name.startswith("/"):
        return ""
    if os.path.isdir(os.path.join(versions, name)):
        return os.path.join(versions, name)
    series = re.compile(re.escape(name) + r"(?:\.\d+)+")
    found = sorted(filter(series.fullmatch, _listed(versions)), key=natural_key)
    return os.path.join(versions, found[-1]) if found else ""


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sorts names by the numbers in them.

    >>> sorted(["3.9", "3.10"], key=natural_key)
    ['3.9', '3.10']
    """
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def _listed(folder: str) -> Iterator[str]:
    try:
        yield from os.listdir(folder)
    except OSError:
        return


def _read(file: Path) -> str:
    try:
        return decode_text(file.read_bytes())
    except (OSError, UnicodeDecodeError):
        return ""
