"""Rendering: the only place that writes to the terminal. Data goes to stdout, talk to stderr."""

from __future__ import annotations

import os
import sys

from interlock.errors import InterlockError, redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["Terminal", "is_colored", "without_controls"]

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
        _write(self.out, text if text.endswith("\n") or not text else text + "\n", colored=self._color_out)

    def say(self, text: str) -> None:
        """What happened, for a person."""
        if self.verbosity >= 0:
            self._talk(text + "\n")

    def detail(self, text: str) -> None:
        """What happened, for somebody who asked with ``-v``."""
        if self.verbosity > 0:
            self._talk(self._paint(text, _DIM) + "\n")

    def log(self, line: str) -> None:
        """A line for a program that listens."""
        _write(self.err, line + "\n")
        self.err.flush()

    def warn(self, message: str, code: str = "") -> None:
        if self.verbosity >= -1:
            label = f"warning[{code}]" if code else "warning"
            self._talk(f"{self._paint(label, _YELLOW)}: {_unlabelled(redact(message))}\n")

    def fail(self, error: InterlockError) -> None:
        """Say what is wrong, once; not even ``-q`` hides it."""
        text = f"{self._paint(f'error[{error.code}]', _RED)}: {_unlabelled(redact(error.message))}\n"
        if error.hint:
            text += f"\n{self._paint('hint', _CYAN)}: {_unlabelled(redact(error.hint))}\n"
        self._talk(text)

    def bug(self, summary: str, trace: str = "") -> None:
        label = self._paint("error[bug]", _RED)
        text = f"{label}: {_unlabelled(redact(summary))}\n\nThis is a bug in Interlock, not in your project.\n"
        text += redact(trace) if trace else f"\n{self._paint('hint', _CYAN)}: Run it again with -v for the details.\n"
        self._talk(text)

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

    def _talk(self, text: str) -> None:
        _write(self.err, text, colored=self._color_err)


def _write(stream: TextIO, text: str, *, colored: bool = False) -> None:
    text = without_controls(text, colored=colored)
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def without_controls(text: str, *, colored: bool = False) -> str:
    """The text with every control character spelt out, but for line breaks, tabs and, if wanted, colours.

    What packages, indexes and git say is shown, and must not be able to speak to the terminal.

    >>> without_controls("a\\x1b]0;title\\x07b\\n")
    'a\\\\x1b]0;title\\\\x07b\\n'
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    import re  # noqa: PLC0415 - nearly nothing that is said needs it

    style = r"(\x1b\[(?:[0-9]{1,2};)?[0-9]{1,2}m)|" if colored else "(?!)()|"
    return re.sub(style + _CONTROLS, lambda match: match[1] or _spelt(match[0]), text)


_CONTROLS = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
"""Control characters, and those that change the direction in which a line is read."""


def _spelt(letter: str) -> str:
    return f"\\x{ord(letter):02x}" if ord(letter) < 0x100 else f"\\u{ord(letter):04x}"


def _unlabelled(text: str) -> str:
    """The text with lines set off that look as if we had said something else."""
    if "\n" not in text:
        return text
    first, *others = text.splitlines()
    labels = ("hint", "error", "warning")
    return "\n".join([first, *(f"  | {line}" if line.lstrip().lower().startswith(labels) else line for line in others)])


def is_colored(stream: TextIO, color: str, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes to a stream: as asked, else on a terminal that is not a dumb one."""
    if color != "auto":
        return color == "always"
    return stream.isatty() and environ.get("TERM") != "dumb"
