"""What an interpreter runs by its path: scripts, compiled ones, archives and directories with a ``__main__.py``."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["SCRIPTS", "is_runnable", "looks_runnable", "pythonw"]

SCRIPTS = (".py", ".pyw")
_OTHERS = (".pyc", ".pyz", ".pyzw", ".zip")
"""Compiled scripts, and archives (PEP 441)."""


def is_runnable(path: Path, *, named: bool) -> bool:
    """Whether Python is what runs this; blocking.

    ``named``: a path was typed, and no name that may be a program's.
    """
    if path.suffix.lower() in (*SCRIPTS, *_OTHERS):
        return path.is_file()
    if not named:
        return False
    return (path / "__main__.py").is_file() or (not os.access(path, os.X_OK) and _is_archive(path))


def looks_runnable(program: str) -> bool:
    """Whether a name is one of a script or archive, wherever that is."""
    return program.lower().endswith((*SCRIPTS, *_OTHERS[:-1]))


def pythonw(python: str, program: str) -> str:
    """The interpreter for a script: on Windows the one without a console when its name says so."""
    beside = os.path.join(os.path.dirname(python), "pythonw.exe")
    return beside if program.lower().endswith("w") and os.path.isfile(beside) else python


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False
