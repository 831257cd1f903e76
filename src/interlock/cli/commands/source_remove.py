"""``interlock source remove``."""

from __future__ import annotations

from interlock.cli.commands.source import remove as run

__all__ = ["run"]
