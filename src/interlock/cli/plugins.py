"""Plugins: commands of other packages, found as entry points of the group ``interlock.commands``.

An entry point's name is the command, its object a function that takes a :class:`~interlock.cli.call.Call` (what was
typed behind the command is ``call.rest``) and returns an exit code or something to await for one.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from interlock.errors import InterlockError

__all__ = ["GROUP", "PluginBroken", "find_plugins", "load_plugin"]

GROUP = "interlock.commands"


class PluginBroken(InterlockError):
    """A plugin cannot be loaded."""

    code = "plugin-broken"


def find_plugins() -> dict[str, EntryPoint]:
    """What is installed beside us, by the name of the command."""
    return {point.name: point for point in entry_points(group=GROUP)}


def load_plugin(point: EntryPoint) -> Callable[..., Any]:
    """Raises :class:`PluginBroken`, which names the plugin."""
    try:
        found = point.load()
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError, OSError) as error:
        owner = point.dist.name if point.dist is not None else point.value
        raise PluginBroken(
            f"The plugin `{point.name}` of {owner} cannot be loaded: {type(error).__name__}: {error}.",
            hint=f"Remove it with `interlock self remove {owner}`, or leave plugins out with --no-plugins.",
        ) from error
    if not callable(found):
        raise PluginBroken(f"The plugin `{point.name}` ({point.value}) is not a function.")
    return found  # type: ignore[no-any-return]
