"""``interlock env activate``."""

from __future__ import annotations

import shlex
from pathlib import Path

from interlock.cli.call import BadValue, Call
from interlock.ops.envs.environments import NoEnvironment, find_environment

__all__ = ["run"]

_SCRIPTS = {
    "sh": "activate",
    "bash": "activate",
    "zsh": "activate",
    "dash": "activate",
    "ksh": "activate",
    "fish": "activate.fish",
    "csh": "activate.csh",
    "tcsh": "activate.csh",
    "pwsh": "Activate.ps1",
    "powershell": "Activate.ps1",
    "cmd": "activate.bat",
}


async def run(call: Call) -> int:
    """Write the command that activates the environment, and nothing else: it is for ``eval``."""
    state = await find_environment(call.context, call.names("package"))
    if state.environment is None:
        raise NoEnvironment(f"There is no environment at {state.path}.", hint="Make it with `interlock sync`.")
    environ = call.context.means.environ
    name = call.text("shell") or Path(environ.get("SHELL") or environ.get("COMSPEC") or "sh").stem
    if name not in _SCRIPTS:
        raise BadValue(
            f"`{name}` is not a shell known here.", hint=f"Known: {', '.join(_SCRIPTS)}; choose with --shell."
        )
    path = str(Path(state.environment.scripts) / _SCRIPTS[name])
    if name in {"pwsh", "powershell"}:
        line = "& '" + path.replace("'", "''") + "'"
    elif name == "cmd":
        line = f'"{path}"'
    else:
        line = f"{'.' if name in {'sh', 'dash'} else 'source'} {shlex.quote(path)}"
    if call.json:
        call.document({"command": line, "path": state.environment.root, "shell": name})
    else:
        call.terminal.data(line)
    return 0
