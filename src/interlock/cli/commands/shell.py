"""``interlock shell``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from interlock.cli.call import Call
from interlock.cli.installing import sync_options
from interlock.cli.shells import shell_start
from interlock.ops.running.child import supervise
from interlock.ops.running.run import RunOptions, child_environ, entered

__all__ = ["run"]


async def run(call: Call) -> int:
    environ = call.context.means.environ
    shell = environ.get("SHELL") or environ.get("COMSPEC") or ("cmd" if os.name == "nt" else "/bin/sh")
    options = RunOptions(command=(shell,), sync=sync_options(call, exact=False), no_sync=call.flag("no_sync"))
    async with entered(call.context, options) as place:
        call.terminal.say(f"{shell} in {place.root}; leave with `exit`.")
        environ = child_environ(call.context, place)
        scripts = Path(place.scripts[-1])
        if not sys.stdin.isatty() or not (scripts / "activate").is_file():
            return await supervise([shell], environ, call.context.place.directory)
        with TemporaryDirectory(prefix="interlock-shell-") as folder:
            command, environ, files = shell_start(shell, scripts, Path(folder), environ)
            for name, text in files.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            return await supervise(command, environ, call.context.place.directory)
