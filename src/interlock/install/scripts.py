"""Commands of a distribution: launchers for entry points, and scripts whose first line names the interpreter.

On Windows a launcher is a ``.cmd`` file beside a ``-script.py``: it works from every shell, but unlike an ``.exe`` it
cannot be started by programs that call CreateProcess without a shell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from interlock.errors import InstallError
from interlock.store.wheels import EntryPoint

__all__ = ["UnsafeScript", "check_script_name", "launchers", "names_python", "rewrite_shebang", "shebang"]

_LONGEST_SHEBANG = 127
"""Linux reads 127 bytes (256 since 5.1), "#!" included, and cuts off the rest silently."""
_INTERPRETER = re.compile(r"(?:python|pypy)w?(?:\d[\d.]*)?t?w?")
_SCRIPT = """\
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.exit({attribute}())
"""


class UnsafeScript(InstallError):
    """A wheel wants to install a command under a name that it must not have."""

    code = "unsafe-script"

    def __init__(self, distribution: str, script: str, why: str) -> None:
        super().__init__(
            f"{distribution} wants to install a command called {script!r}, and {why}. Nothing was installed.",
            hint="Such a package is broken or hostile; report it to its index.",
            facts={"distribution": distribution, "script": script, "why": why},
        )
        self.script = script


def check_script_name(distribution: str, script: str) -> None:
    """Refuse names that leave the folder or take the interpreter's place."""
    if not script or script in {".", ".."} or any(char in script for char in '/\\:\0\n\r"<>|*?'):
        raise UnsafeScript(distribution, script, "that is not the name of a file in one folder")
    stem = script.lower().removesuffix(".exe").removesuffix(".cmd").removesuffix(".bat")
    if _INTERPRETER.fullmatch(stem):
        raise UnsafeScript(distribution, script, "that would replace the environment's interpreter")
    if stem in {"activate", "deactivate", "activate.fish", "activate.csh", "activate.ps1"}:
        raise UnsafeScript(distribution, script, "that would replace the environment's activation script")


def shebang(python: str) -> bytes:
    """The first line, or lines, that start an interpreter.

    Where a plain ``#!`` cannot express the path, ``/bin/sh`` starts it: to the shell the second line is the command
    ``:`` and the third replaces the shell by the interpreter; to Python both are in a string.

    An empty text stands for the interpreter beside the script, wherever that is; a link to the script is followed.

    >>> shebang("/env/bin/python")
    b'#!/env/bin/python\\n'
    """
    if not python:
        return _beside("")
    plain = f"#!{python}\n".encode()
    if len(plain) <= _LONGEST_SHEBANG and not any(char.isspace() for char in python):
        return plain
    command = shlex.quote(python).replace("\\", "\\\\")
    return f'#!/bin/sh\n""":"\nexec {command} "$0" "$@"\n"""\n'.encode()


def _beside(options: str) -> bytes:
    command = f'"$(dirname "$(realpath "$0")")"/python{options and f" {options}"}'
    return f'#!/bin/sh\n""":"\nexec {command} "$0" "$@"\n"""\n'.encode()


def names_python(first: bytes) -> bool:
    """Whether a first line stands for the interpreter of whatever environment a script comes to."""
    words = first.split(None, 1)
    return bool(words) and words[0] in {b"#!python", b"#!pythonw"}


def rewrite_shebang(content: bytes, python: str) -> bytes:
    """A script of a wheel with ``#!python`` replaced by the environment's interpreter; other scripts as they are."""
    first, newline, rest = content.partition(b"\n")
    if not names_python(first):
        return content
    words = first.rstrip(b"\r").split(None, 1)
    if len(words) > 1 and not python:
        return _beside(words[1].decode("utf-8", "replace").strip()) + rest
    if len(words) > 1:
        # Options after the interpreter: only a plain line can carry them.
        return f"#!{python} ".encode() + words[1] + newline + rest
    return shebang(python) + rest


def launchers(
    points: tuple[EntryPoint, ...], distribution: str, python: str, *, windows: bool = False
) -> Iterator[tuple[str, bytes]]:
    """File name and content of the launchers of entry points; a console command wins over a gui one of its name."""
    seen: set[str] = set()
    for point in sorted(points, key=lambda point: point.gui):
        check_script_name(distribution, point.name)
        if point.name in seen:
            continue
        seen.add(point.name)
        body = _SCRIPT.format(module=point.module, first=point.attribute.split(".")[0], attribute=point.attribute)
        if windows:
            yield f"{point.name}-script.py", body.encode()
            interpreter = "pythonw.exe" if point.gui else "python.exe"
            yield f"{point.name}.cmd", f'@"%~dp0{interpreter}" "%~dp0{point.name}-script.py" %*\r\n'.encode()
        else:
            yield point.name, shebang(python) + body.encode()
