"""``interlock self remove``."""

from __future__ import annotations

from interlock.cli.commands.self_install import remove as run

__all__ = ["run"]
