"""How a shell is started so that the environment is active after its own start-up files, which often set PATH."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

__all__ = ["shell_start"]


def shell_start(
    shell: str, scripts: Path, folder: Path, environ: Mapping[str, str]
) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """The command, its variables, and the files to write into ``folder`` before, by name.

    A shell that is not known starts as it is, with nothing but the variables.
    """
    name = Path(shell).name.removesuffix(".exe")
    changed = dict(environ)
    activate = shlex.quote(str(scripts / "activate"))
    home = environ.get("HOME", "")
    if name == "bash":
        start = f"[ -f ~/.bashrc ] && . ~/.bashrc\n. {activate}\n"
        return [shell, "--rcfile", str(folder / "bashrc")], changed, {"bashrc": start}
    if name == "zsh":
        own = shlex.quote(environ.get("ZDOTDIR") or home)
        restore = f"ZDOTDIR={own}" if environ.get("ZDOTDIR") else "unset ZDOTDIR"
        changed["ZDOTDIR"] = str(folder)
        files = {
            ".zshenv": f"[ -f {own}/.zshenv ] && . {own}/.zshenv\nZDOTDIR={shlex.quote(str(folder))}\n",
            ".zshrc": f"{restore}\n[ -f {own}/.zshrc ] && . {own}/.zshrc\n. {activate}\n",
        }
        return [shell], changed, files
    if name == "fish":
        return [shell, "--init-command", f"source {_fish(str(scripts / 'activate.fish'))}"], changed, {}
    return [shell], changed, {}


def _fish(text: str) -> str:
    """Quoted as fish wants it, where a backslash escapes inside of single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
