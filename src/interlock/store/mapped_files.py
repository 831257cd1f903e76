"""Files of the store as memory: what is never looked at is never read."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

__all__ = ["MappedFiles"]

_LARGE = 32 << 10
"""Bytes from which on mapping a file is cheaper than reading it."""
_MOST = 256
_OTHERS = 200
"""Open files that the rest of a run may need."""


class MappedFiles:
    """Maps files until so many are that open files might run out; the rest is read. A map lives as long as its view."""

    def __init__(self) -> None:
        self._left = _allowed()

    def __repr__(self) -> str:
        return f"<MappedFiles: {self._left} left>"

    def view(self, path: str | Path) -> memoryview | None:
        """The content of a file that is never written in place, or None when there is no such file; blocking."""
        try:
            with open(path, "rb", buffering=0) as file:
                if self._left <= 0 or os.fstat(file.fileno()).st_size < _LARGE:
                    return memoryview(file.read())
                self._left -= 1
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (FileNotFoundError, NotADirectoryError):
            return None


def _allowed() -> int:
    """A map keeps its file open; on Windows nothing can replace a file that is mapped."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - Windows has none

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(0, min(_MOST, (soft - _OTHERS) // 2))
