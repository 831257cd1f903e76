"""The tables of a manifest in which requirements stand, as text: ``dependencies``, ``extra:x`` and ``group:g``."""

from __future__ import annotations

__all__ = ["PROJECT", "extra_table", "group_table"]

PROJECT = "dependencies"
"""The project's own; stands for the member itself."""


def extra_table(extra: str) -> str:
    return f"extra:{extra}"


def group_table(group: str) -> str:
    return f"group:{group}"
