"""``interlock self show``."""

from __future__ import annotations

import sys

from interlock import __version__
from interlock.cli.call import BadValue, Call
from interlock.cli.plugins import find_plugins

__all__ = ["run"]


def run(call: Call) -> int:
    """This installation and its plugins."""
    what = call.text("what")
    if what not in {"", "plugins"}:
        raise BadValue(f"`{what}` is nothing that could be shown.", hint="Leave it out, or write `plugins`.")
    plugins = [
        {"command": name, "package": point.dist.name if point.dist is not None else "", "object": point.value}
        for name, point in sorted(find_plugins().items())
    ]
    if call.json:
        call.document({"version": __version__, "python": sys.executable, "plugins": plugins})
        return 0
    if not what:
        call.terminal.data(f"interlock {__version__}\npython {sys.executable}\n")
    elif not plugins:
        call.terminal.say("There are no plugins.")
    for plugin in plugins:
        call.terminal.data(f"plugin {plugin['command']} ({plugin['package']}, {plugin['object']})")
    return 0
