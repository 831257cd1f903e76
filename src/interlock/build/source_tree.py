"""A source tree: a directory to build, and what is known of it beforehand."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.names import NormalizedName

__all__ = ["SourceTree"]


class SourceTree(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be built, and what is known about it beforehand."""

    path: Path
    """Absolute; holds a ``pyproject.toml`` or a ``setup.py``."""
    name: NormalizedName | None = None
    """The name the result must have, when it is known."""
    version: str | None = None
    """The version the result must have, when it is known."""
    identity: str = ""
    """Stands for the tree's content when that is known without reading it: an archive's hash, a commit. Then changes
    of the tree are not looked for."""
    ingredients: str = ""
    """Stands for what else decides the result: other trees its build requires, constraints on them."""

    @property
    def label(self) -> str:
        """How to call it in messages."""
        return self.name or self.path.name
