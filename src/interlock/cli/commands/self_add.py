"""``interlock self add``."""

from __future__ import annotations

from interlock.cli.commands.self_install import add as run

__all__ = ["run"]
