"""Rendering: the only place that writes to the terminal. Data goes to stdout, talk to stderr."""

from __future__ import annotations

import os
import sys

from interlock.errors import InterlockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["Terminal", "bug_document", "error_document", "is_colored", "redact"]

_RED, _YELLOW, _CYAN, _BOLD, _DIM = "31;1", "33;1", "36;1", "1", "2"


class Terminal:
    """Where one command speaks."""

    def __init__(
        self,
        *,
        color: str = "auto",
        verbosity: int = 0,
        json: bool = False,
        logs: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.out: TextIO = sys.stdout
        self.err: TextIO = sys.stderr
        self._environ = environ or {}
        self.logs = logs
        """Whether a program listens to stderr: then all that is said there are lines of JSON."""
        self.configure(color=color, verbosity=verbosity, json=json)

    def configure(self, *, color: str, verbosity: int, json: bool) -> None:
        """Speak as the settings say, once they are known."""
        self.verbosity = verbosity
        self.json = json
        self._color_err = is_colored(self.err, color, self._environ)
        self._color_out = is_colored(self.out, color, self._environ)

    def __repr__(self) -> str:
        return f"<Terminal verbosity={self.verbosity}>"

    def data(self, text: str) -> None:
        """What the command was asked for."""
        _write(self.out, text if text.endswith("\n") or not text else text + "\n")

    def say(self, text: str) -> None:
        """What happened, for a person."""
        if self.verbosity >= 0:
            _write(self.err, text + "\n")

    def detail(self, text: str) -> None:
        """What happened, for somebody who asked with ``-v``."""
        if self.verbosity > 0:
            _write(self.err, self._paint(text, _DIM) + "\n")

    def log(self, line: str) -> None:
        """A line for a program that listens."""
        _write(self.err, line + "\n")
        self.err.flush()

    def warn(self, message: str, code: str = "") -> None:
        if self.verbosity >= -1:
            label = f"warning[{code}]" if code else "warning"
            _write(self.err, f"{self._paint(label, _YELLOW)}: {redact(message)}\n")

    def fail(self, error: InterlockError) -> None:
        """Say what is wrong, once; not even ``-q`` hides it."""
        lines = redact(error.message).splitlines() or [""]
        text = f"{self._paint(f'error[{error.code}]', _RED)}: {lines[0]}\n" + "".join(f"{line}\n" for line in lines[1:])
        if error.hint:
            text += f"\n{self._paint('hint', _CYAN)}: {redact(error.hint)}\n"
        _write(self.err, text)

    def bug(self, summary: str, trace: str = "") -> None:
        label = self._paint("error[bug]", _RED)
        text = f"{label}: {redact(summary)}\n\nThis is a bug in Interlock, not in your project.\n"
        text += redact(trace) if trace else f"\n{self._paint('hint', _CYAN)}: Run it again with -v for the details.\n"
        _write(self.err, text)

    def interrupted(self) -> None:
        _write(self.err, "interrupted\n")

    def width(self) -> int:
        """Columns of the terminal that data goes to; 0 where that is no terminal."""
        try:
            return os.get_terminal_size(self.out.fileno()).columns
        except (OSError, ValueError):
            return 0

    def strong(self, text: str) -> str:
        """Emphasised, for stdout."""
        return f"\x1b[{_BOLD}m{text}\x1b[0m" if self._color_out else text

    def faint(self, text: str) -> str:
        """In the background, for stdout."""
        return f"\x1b[{_DIM}m{text}\x1b[0m" if self._color_out else text

    def green(self, text: str) -> str:
        return f"\x1b[32m{text}\x1b[0m" if self._color_err else text

    def red(self, text: str) -> str:
        return f"\x1b[31m{text}\x1b[0m" if self._color_err else text

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._color_err else text


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def is_colored(stream: TextIO, color: str, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes to a stream: as asked, else on a terminal that is not a dumb one."""
    if color != "auto":
        return color == "always"
    return stream.isatty() and environ.get("TERM") != "dumb"


def redact(text: str) -> str:
    """Hide user names and passwords of URLs, wherever they come from.

    >>> redact("GET https://ann:secret@index.test/simple/ failed")
    'GET https://****@index.test/simple/ failed'
    """
    if "@" not in text or "://" not in text:
        return text
    head, *pieces = text.split("://")
    clean = [head]
    for piece in pieces:
        end = next((place for place, letter in enumerate(piece) if letter in "/?#\"'`<> \n"), len(piece))
        authority, rest = piece[:end], piece[end:]
        login, at, host = authority.rpartition("@")
        # `git@host` in an ssh URL is a part of the address, not a secret.
        hide = at and not (login == "git" and clean[-1].endswith("ssh"))
        clean.append(f"****@{host}{rest}" if hide else piece)
    return "://".join(clean)


def error_document(error: InterlockError) -> dict[str, object]:
    """What ``--json`` says about a failure."""
    return {
        "error": {
            "code": error.code,
            "message": redact(error.message),
            "hint": redact(error.hint) if error.hint else None,
            "facts": error.facts,
        }
    }


def bug_document(summary: str) -> dict[str, object]:
    return {"error": {"code": "bug", "message": redact(summary), "hint": None, "facts": {}}}
