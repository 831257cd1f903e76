"""``interlock self update``."""

from __future__ import annotations

from interlock.cli.commands.self_install import update as run

__all__ = ["run"]
