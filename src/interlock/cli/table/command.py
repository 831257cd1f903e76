"""One command as the tables know it: its name, what it is for, its options and where it is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from interlock.cli.table.option_group import OptionGroup

__all__ = ["Command", "no_options"]


class Command(NamedTuple):
    words: tuple[str, ...]
    module: str
    """Below ``interlock.cli.commands``; its ``run`` carries the command out, or what is named after a colon."""
    summary: str
    options: Callable[[OptionGroup], None]
    examples: tuple[tuple[str, str], ...]
    """Arguments after the command's name, and what they do."""
    usage: str = "[options]"
    aliases: tuple[tuple[str, ...], ...] = ()
    verbatim: bool = False
    """Whether everything from the first word on belongs to another program."""


def no_options(parser: OptionGroup) -> None:
    """For commands that take none of their own."""
    del parser
