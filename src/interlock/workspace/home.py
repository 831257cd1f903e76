"""Paths that begin at somebody's home directory (``~/x``), which not everybody has."""

from __future__ import annotations

import os
from pathlib import Path

from interlock.errors import UsageError

__all__ = ["NoHome", "expanded"]


class NoHome(UsageError):
    """A home directory is needed that nobody knows: of a user without an entry and without ``HOME``."""

    code = "no-home-directory"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} needs a home directory, and none is known.", hint="Set HOME, or name an absolute path."
        )


def expanded(text: str) -> Path:
    """A path with ``~`` and ``~user`` replaced. Raises :class:`NoHome`."""
    path = os.path.expanduser(text)
    if path.startswith("~"):
        raise NoHome(f"`{text}`")
    return Path(path)
