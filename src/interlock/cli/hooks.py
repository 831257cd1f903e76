"""Hooks of plugins, which run around commands: entry points of the group ``interlock.hooks``.

Functions called ``pre-lock``, ``post-sync`` and so on (the words of a command joined by ``-``) are called with the
command's call, after it with its exit code too; they need ``plugins = true`` in the user's settings. What a hook before
a command raises keeps the command from running.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from interlock.cli.arguments import Request
from interlock.cli.call import Call
from interlock.cli.plugins import load_plugin

__all__ = ["HOOKS", "Hooks"]

HOOKS = "interlock.hooks"


class Hooks:
    """What plugins want to do around one command."""

    def __init__(self, call: Call, request: Request) -> None:
        self._call = call
        self._name = "-".join(request.words)
        self._points = entry_points(group=HOOKS)

    def __repr__(self) -> str:
        return f"<Hooks {self._name}>"

    def before(self) -> None:
        for point in self._points.select(name=f"pre-{self._name}"):
            load_plugin(point)(self._call)

    def after(self, code: int) -> None:
        for point in self._points.select(name=f"post-{self._name}"):
            load_plugin(point)(self._call, code)
