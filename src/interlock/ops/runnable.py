"""What an interpreter runs by its path: scripts, archives with a ``__main__.py`` (PEP 441), directories with one."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["SCRIPTS", "is_runnable", "looks_runnable", "pythonw"]

SCRIPTS = (".py", ".pyw")
_ARCHIVES = (".pyz", ".pyzw", ".zip")


def is_runnable(path: Path, *, named: bool) -> bool:
    """Whether Python is what runs this; blocking.

    ``named``: a path was typed, and no name that may be a program's.
    """
    if path.suffix in (*SCRIPTS, *_ARCHIVES):
        return path.is_file()
    if not named:
        return False
    return (path / "__main__.py").is_file() or (not os.access(path, os.X_OK) and _is_archive(path))


def looks_runnable(program: str) -> bool:
    """Whether a name is one of a script or archive, wherever that is."""
    return program.endswith((*SCRIPTS, *_ARCHIVES[:-1]))


def pythonw(python: str, program: str) -> str:
    """The interpreter for a script: on Windows the one without a console when its name says so."""
    beside = os.path.join(os.path.dirname(python), "pythonw.exe")
    return beside if program.endswith("w") and os.path.isfile(beside) else python


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False
