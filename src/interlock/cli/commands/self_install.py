"""``interlock self update|add|remove``: the environment that this program is installed in."""

from __future__ import annotations

import importlib.util
import shutil
import sys

from interlock.cli.call import BadValue, Call
from interlock.errors import EnvironmentFailure
from interlock.ops.running.child import supervise

__all__ = ["NoInstaller", "add", "remove", "update"]


class NoInstaller(EnvironmentFailure):
    code = "no-installer"


async def update(call: Call) -> int:
    pre = ["--pre"] if call.given("preview") else []
    return await _run(call, ["install", "--upgrade", *pre, "interlock"])


async def add(call: Call) -> int:
    return await _run(call, ["install", *_named(call)])


async def remove(call: Call) -> int:
    return await _run(call, ["uninstall", *_named(call)])


def _named(call: Call) -> list[str]:
    if not call.values.packages:
        raise BadValue("Which plugin?", hint="Name its package.")
    return list(call.values.packages)


async def _run(call: Call, arguments: list[str]) -> int:
    """With the installer that is there: pip beside us, else uv."""
    if importlib.util.find_spec("pip") is not None:
        yes = ["-y"] if arguments[0] == "uninstall" else []
        line = [sys.executable, "-m", "pip", arguments[0], *yes, *arguments[1:]]
    elif (found := shutil.which("uv")) is not None:
        line = [found, "pip", arguments[0], "--python", sys.executable, *arguments[1:]]
    else:
        raise NoInstaller(
            f"Neither pip nor uv is there to change {sys.prefix}.", hint="Use what this program was installed with."
        )
    if call.given("dry_run"):
        call.terminal.data(" ".join(line))
        return 0
    return await supervise(line, dict(call.context.means.environ), call.context.place.directory)
