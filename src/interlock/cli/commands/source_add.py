"""``interlock source add``."""

from __future__ import annotations

from interlock.cli.commands.source import add as run

__all__ = ["run"]
