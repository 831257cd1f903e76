"""``interlock source show``."""

from __future__ import annotations

from interlock.cli.commands.source import show as run

__all__ = ["run"]
