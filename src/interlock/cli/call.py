"""One call of one command: what it was given, and where it speaks."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

import msgspec

from interlock.cli.documents import format_document
from interlock.cli.render import Terminal
from interlock.context import Context
from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.settings.variables import Variables
from interlock.errors import UsageError

__all__ = ["BadValue", "Call", "InvalidName", "checked_name", "split_values"]


class InvalidName(UsageError):
    code = "invalid-name"


class BadValue(UsageError):
    """Options that do not go together, or a value that makes no sense."""

    code = "bad-value"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    context: Context
    terminal: Terminal
    values: Namespace
    rest: tuple[str, ...] = ()
    """For ``run``: the program and its arguments."""
    json: bool = False
    """Whether the answer is one document."""

    def document(self, value: object) -> None:
        """Write the one document of ``--json``; keys are only ever added to a kind of document, never taken away."""
        self.terminal.data(format_document(value))

    def flag(self, name: str) -> bool:
        """A flag of the command line, else its ``INTERLOCK_*`` variable, else False."""
        value = getattr(self.values, name, None)
        if value is None:
            value = Variables(self.context.means.environ).flag(name.upper())
        return bool(value)

    def given(self, name: str) -> bool:
        """A flag, whatever the environment says."""
        return bool(getattr(self.values, name, None))

    def text(self, name: str) -> str:
        """A value of the command line, empty when absent."""
        return getattr(self.values, name, None) or ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Values of a repeatable option; one option may hold several, split by commas or spaces."""
        return split_values(getattr(self.values, name, None) or ())

    def names(self, name: str) -> tuple[NormalizedName, ...]:
        """The same as normalised names.

        Raises :class:`InvalidName`.
        """
        return tuple(checked_name(text) for text in self.texts(name))


def split_values(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for value in values for word in value.replace(",", " ").split())


def checked_name(text: str) -> NormalizedName:
    if not is_name(text):
        raise InvalidName(f"`{text}` is not a name.", hint="Names hold letters, digits, `-`, `_` and `.`.")
    return normalize_name(text)
