"""Option groups: the few kinds of options there are, said once, on top of argparse."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _ActionsContainer


__all__ = ["OptionGroup"]


class OptionGroup:
    """Adds options to a parser; what is not on the command line is None (or empty, for repeatable ones)."""

    def __init__(self, container: _ActionsContainer, *, hidden: bool = False) -> None:
        self._container = container
        self._hidden = hidden

    def section(self, title: str) -> OptionGroup:
        """A titled group in the help text."""
        return OptionGroup(self._container.add_argument_group(title), hidden=self._hidden)

    def flag(self, *names: str, text: str, dest: str | None = None, hidden: bool = False) -> None:
        self._container.add_argument(
            *names, action="store_const", const=True, default=None, dest=dest, help=self._help(text, hidden)
        )

    def constant(self, *names: str, dest: str, const: str, text: str, hidden: bool = False) -> None:
        """A flag that is a short spelling of ``--dest const``."""
        self._container.add_argument(
            *names, action="store_const", const=const, default=None, dest=dest, help=self._help(text, hidden)
        )

    def count(self, *names: str, text: str, dest: str) -> None:
        self._container.add_argument(*names, action="count", default=0, dest=dest, help=self._help(text))

    def value(
        self, *names: str, metavar: str, text: str, dest: str | None = None, choices: tuple[str, ...] = ()
    ) -> None:
        convert = _OneOf(choices) if choices else str
        self._container.add_argument(
            *names, metavar=metavar, default=None, dest=dest, type=convert, help=self._help(text)
        )

    def several(self, name: str, *, metavar: tuple[str, ...], text: str) -> None:
        """An option with a fixed number of values."""
        self._container.add_argument(name, metavar=metavar, nargs=len(metavar), default=None, help=self._help(text))

    def number(self, *names: str, metavar: str, text: str) -> None:
        self._container.add_argument(*names, metavar=metavar, default=None, type=_whole, help=self._help(text))

    def repeat(self, *names: str, metavar: str, text: str, dest: str, hidden: bool = False) -> None:
        self._container.add_argument(
            *names, metavar=metavar, action="append", default=[], dest=dest, help=self._help(text, hidden)
        )

    def word(self, dest: str, *, metavar: str, text: str) -> None:
        """One optional positional argument."""
        self._container.add_argument(dest, nargs="?", default=None, metavar=metavar, help=text)

    def words(self, dest: str, *, metavar: str, text: str) -> None:
        """Any number of positional arguments."""
        self._container.add_argument(dest, nargs="*", default=[], metavar=metavar, help=text)

    def _help(self, text: str, hidden: bool = False) -> str:
        return SUPPRESS if hidden or self._hidden else text.replace("%", "%%")


class _OneOf:
    """A converter that knows what there is to choose from, for completion."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def __repr__(self) -> str:
        return "one of " + ", ".join(self.choices)

    def __call__(self, text: str) -> str:
        if text not in self.choices:
            raise ArgumentTypeError(f"`{text}` is not one of {', '.join(self.choices)}")
        return text


_MOST_DIGITS = 18


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise ArgumentTypeError(f"`{text[:40]}` is not a whole number")
    return int(text)
