"""The one place with deferred imports: a command loads what it needs and nothing else."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["load"]


def load(module: str) -> Any:
    return import_module(module)
