"""Commands of a distribution: launchers for entry points, and scripts whose first line names the interpreter.

On Windows a launcher is a ``.cmd`` file beside a ``-script.py``: it works from every shell, but unlike an ``.exe`` it
cannot be started by programs that call CreateProcess without a shell.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from itertools import takewhile

from interlock.errors import InstallError
from interlock.store.wheels import EntryPoint

__all__ = ["UnsafeScript", "check_script_name", "launchers", "names_python", "rewrite_shebang", "shebang"]

_LONGEST_SHEBANG = 127
"""Linux reads 127 bytes (256 since 5.1), "#!" included, and cuts off the rest silently."""
_INTERPRETER = re.compile(r"(?:python|pypy)w?(?:\d[\d.]*)?t?w?")
_SHELL = b"#!/bin/sh\n"
_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_COMMENT = re.compile(rb"[ \t\f]*(#[^\n]*|\r?)\n")
_DOCSTRING = re.compile(rb"[rRuU]?[\"']")
_PLAIN = re.compile(r"[\w/ .,:;@%+=~!#$&()\[\]{}^*?<>|-]+", re.ASCII)
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
    b'#!/env/bin/python\n'
    """
    return _plain(python, [], declared=False) or _SHELL + _replacing(python, []) + b"\n"


def names_python(first: bytes) -> bool:
    """Whether a first line stands for the interpreter of whatever environment a script comes to.

    As the standard has it, whatever follows (``3``, ``w3``, options).
    """
    return first.startswith(b"#!python")


def rewrite_shebang(content: bytes, python: str) -> bytes:
    """A script of a wheel with ``#!python`` replaced by the environment's interpreter; other scripts as they are.

    What only counts near the top keeps its place: the line of the encoding (PEP 263), and a docstring in front of
    ``from __future__``.
    """
    first, _, rest = content.partition(b"\n")
    if not names_python(first):
        return content
    options = first.decode("utf-8", "replace").split()[1:]
    coding = _CODING.match(first)
    if coding is not None:
        options = list(takewhile(lambda word: not word.startswith(("#", "-*-")) and "coding" not in word, options))
        rest = b"# coding: " + coding[1] + b"\n" + rest
    plain = _plain(python, options, declared=_CODING.match(rest) is not None)
    if plain is not None:
        return plain + rest
    head, rest = _comments(rest)
    # Next to another one, a string is part of it: the script's docstring stays the first statement.
    joined = b" " if _DOCSTRING.match(rest) else b"\n"
    return _SHELL + head + _replacing(python, options) + joined + rest


def _plain(python: str, options: list[str], *, declared: bool) -> bytes | None:
    """The one line that the system understands, None where there is none: it splits no words and has a limit."""
    path = os.fsencode(python)
    line = b"#!" + b" ".join((path, *(option.encode() for option in options))) + b"\n"
    readable = path.isascii() or (not declared and _is_utf8(path))
    if not path or len(options) > 1 or len(line) > _LONGEST_SHEBANG or path.split() != [path] or not readable:
        return None
    return line


def _replacing(python: str, options: list[str]) -> bytes:
    """A string to Python; to the shell, the command that puts the interpreter in its place."""
    command = _quoted(python) if python else '"$(dirname "$(realpath "$0")")"/python'
    words = " ".join((command, *map(_quoted, options)))
    return f'""":"\nexec {words} "$0" "$@"\n"""'.encode()


def _quoted(word: str) -> str:
    """A word for the shell, in letters that no encoding and no string of Python reads in another way."""
    if _PLAIN.fullmatch(word):
        return shlex.quote(word)
    # "%" has a meaning to printf, and an octal one may be looked at before or after that.
    letters = (chr(byte) if _PLAIN.fullmatch(chr(byte)) else f"\\{byte:03o}" for byte in os.fsencode(word))
    return f"\"$(printf '{''.join('%%' if letter == '%' else letter for letter in letters)}')\""


def _comments(text: bytes) -> tuple[bytes, bytes]:
    """The comments and empty lines that a text begins with, as a shell can read them too, and the rest."""
    head = []
    end = 0
    while (match := _COMMENT.match(text, end)) is not None:
        head.append(match[1].rstrip(b"\r") + b"\n")
        end = match.end()
    return b"".join(head), text[end:]


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


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
