"""The command that stands for all commands of plugins; it is in no table, because it has no name of its own."""

from __future__ import annotations

from interlock.cli.table.command import Command, no_options

__all__ = ["PLUGIN"]

PLUGIN = Command(("plugin",), "plugin", "Run a command of a plugin", no_options, (), verbatim=True)
