"""Arguments: the command line turned into one command and its values, or an error that says what was meant.

Options every command takes are accepted before and after the command's name. What comes after the program of
``interlock run`` is never looked at.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import NamedTuple, NoReturn

from interlock.cli.loading import load
from interlock.cli.table.command import Command
from interlock.cli.table.commands import COMMANDS, GROUPS
from interlock.cli.table.global_options import add_global_options
from interlock.cli.table.option_group import OptionGroup
from interlock.errors import UsageError

__all__ = [
    "BadArgument",
    "Request",
    "UnknownCommand",
    "UnknownOption",
    "make_parser",
    "parse_arguments",
    "take_command",
]


_ELSEWHERE = {
    "activate": "env activate",
    "clean": "cache clean",
    "create": "new",
    "delete": "remove",
    "deps": "tree",
    "exec": "run",
    "freeze": "export --format requirements",
    "generate": "new",
    "graph": "workspace graph",
    "login": "auth login",
    "logout": "auth logout",
    "ls": "show",
    "members": "workspace list",
    "pip": "add` or `interlock sync",
    "test": "run pytest",
    "uninstall": "remove",
    "use": "env use",
}
"""What other tools call a command of ours."""


class BadArgument(UsageError):
    code = "bad-argument"


class UnknownCommand(UsageError):
    code = "unknown-command"


class UnknownOption(UsageError):
    code = "unknown-option"


class Request(NamedTuple):
    """What was asked for."""

    command: Command | None
    """None when only a group, or nothing at all, was named."""
    words: tuple[str, ...]
    """The words that name the command or the group, as in the table."""
    values: argparse.Namespace
    rest: tuple[str, ...]
    """For ``run``: the program and its arguments, verbatim."""


class Parser(argparse.ArgumentParser):
    def __init__(self, prog: str) -> None:
        super().__init__(
            prog=prog,
            add_help=False,
            allow_abbrev=False,
            exit_on_error=False,
            formatter_class=argparse.HelpFormatter,
            # A command's own letter goes before that of an option every command takes: `build -f wheel`.
            conflict_handler="resolve",
        )
        self.color = False

    def error(self, message: str) -> NoReturn:
        raise BadArgument(message[:1].upper() + message[1:] + ".")

    def option(self, name: str) -> argparse.Action | None:
        return self._option_string_actions.get(name)

    @property
    def option_names(self) -> list[str]:
        return [name for name in self._option_string_actions if name.startswith("--")]


def make_parser(command: Command | None) -> Parser:
    """The parser of one command, global options included."""
    parser = Parser("interlock" if command is None else f"interlock {' '.join(command.words)}")
    add_global_options(OptionGroup(parser.add_argument_group("global"), hidden=command is not None))
    if command is not None:
        command.options(OptionGroup(parser))
    return parser


def parse_arguments(argv: Sequence[str]) -> Request:
    """Find the command and read its options.

    Raises :class:`UsageError`.
    """
    arguments = list(argv)
    words, arguments, command = take_command(arguments)
    parser = make_parser(command)
    rest: tuple[str, ...] = ()
    if command is not None and command.verbatim:
        position = _first_word(arguments, parser)
        if position is not None:
            tail = arguments[position:]
            rest = tuple(tail[1:] if tail[0] == "--" else tail)
            arguments = arguments[:position]
    return Request(command, words, _parse(parser, arguments), rest)


def _parse(parser: Parser, arguments: list[str]) -> argparse.Namespace:
    try:
        values, unknown = parser.parse_known_intermixed_args(arguments)
    except argparse.ArgumentError as error:
        raise BadArgument(_said(error, parser), hint=f"See `{parser.prog} --help`.") from error
    for text in unknown:
        if text.startswith("-") and text != "--":
            raise _unknown_option(text, parser)
    if unknown:
        extra = next(text for text in unknown if text != "--")
        hint = f"See `{parser.prog} --help`."
        if parser.option("--package") is not None:
            hint = f"A member is named with `--package {extra}`. {hint}"
        raise BadArgument(f"`{extra}` is one argument too many.", hint=hint)
    return values


def _said(error: argparse.ArgumentError, parser: Parser) -> str:
    names = error.argument_name or ""
    action = parser.option(names.partition("/")[0])
    if action is not None and error.message.startswith("expected "):
        value = " ".join(action.metavar) if isinstance(action.metavar, tuple) else action.metavar
        return f"`{names}` needs a value: {value}."
    return f"{names}: {error.message}."


def take_command(arguments: list[str]) -> tuple[tuple[str, ...], list[str], Command | None]:
    """The words that name a command, the other arguments, and the command; ``help X`` reads like ``X --help``.

    Raises :class:`UnknownCommand` and :class:`UnknownOption`.
    """
    parser = make_parser(None)
    position = _first_word(arguments, parser)
    if position is None:
        return (), arguments, None
    word = arguments.pop(position)
    if word == "help":
        arguments.append("--help")
        position = _first_word(arguments, parser)
        if position is None:
            return (), arguments, None
        word = arguments.pop(position)
    if word not in GROUPS and _command((word,)) is None:
        raise _unknown_command(word, ())
    return _take_subcommands((word,), arguments, position)


def _take_subcommands(
    words: tuple[str, ...], arguments: list[str], position: int
) -> tuple[tuple[str, ...], list[str], Command | None]:
    """Take words as long as commands begin with them; what stands before the position has been looked at."""
    while known := _names_below(words):
        command = _command(words)
        following = _first_word(arguments[position:], make_parser(command))
        if following is None or arguments[position + following].startswith("-"):
            break
        position += following
        if arguments[position] not in known:
            raise _unknown_command(arguments[position], words)
        words = (*words, arguments.pop(position))
    command = _command(words)
    return (words if command is None else command.words), arguments, command


def _command(words: tuple[str, ...]) -> Command | None:
    for command in COMMANDS:
        if command.words == words or words in command.aliases:
            return command
    return None


def _first_word(arguments: Sequence[str], parser: Parser) -> int | None:
    """Position of the first argument that is neither an option nor the value of one.

    Raises :class:`UnknownOption` for an option the parser does not have: what follows it could be its value.
    """
    position = 0
    while position < len(arguments):
        text = arguments[position]
        if text == "--" or not text.startswith("-") or text == "-":
            return position
        position += _width(text, parser)
    return None


def _width(text: str, parser: Parser) -> int:
    """How many arguments an option takes up, its value included."""
    if text.startswith("--"):
        name, attached, _ = text.partition("=")
        action = parser.option(name)
        if action is None:
            raise _unknown_option(text, parser)
        return 1 if attached or action.nargs == 0 else 2
    for index in range(1, len(text)):
        action = parser.option(f"-{text[index]}")
        if action is None:
            raise _unknown_option(text, parser)
        if action.nargs != 0:
            return 1 if index + 1 < len(text) else 2
    return 1


def _unknown_option(text: str, parser: Parser) -> UnknownOption:
    name = text.partition("=")[0]
    words = [known.removeprefix("--") for known in parser.option_names]
    close = load("difflib").get_close_matches(name.lstrip("-"), words, n=1, cutoff=0.7)
    owners = _owners(name) if parser.prog == "interlock" else []
    if owners:
        hint = f"Options of a command come after it: `interlock {owners[0]} {name}`."
    elif close:
        hint = f"Did you mean `--{close[0]}`?"
    else:
        hint = f"See `{parser.prog} --help`."
    return UnknownOption(f"`{parser.prog}` has no option `{name}`.", hint=hint)


def _owners(option: str) -> list[str]:
    return [" ".join(command.words) for command in COMMANDS if make_parser(command).option(option) is not None]


def _unknown_command(word: str, group: tuple[str, ...]) -> UnknownCommand:
    known = _names_below(group)
    if not group and word in _ELSEWHERE:
        hint = f"Here it is `interlock {_ELSEWHERE[word]}`."
        return UnknownCommand(f"`interlock` has no command `{word}`.", hint=hint, facts={"command": word})
    close = load("difflib").get_close_matches(word, known, n=1)
    place = " ".join(("interlock", *group))
    hint = f"Did you mean `{place} {close[0]}`?" if close else f"See `{place} --help`."
    if group and not close:
        hint = f"Commands: {', '.join(sorted(known))}."
    facts: dict[str, object] = {} if group else {"command": word}
    return UnknownCommand(f"`{place}` has no command `{word}`.", hint=hint, facts=facts)


def _names_below(group: tuple[str, ...]) -> list[str]:
    spellings: Iterable[tuple[str, ...]] = (
        words for command in COMMANDS for words in (command.words, *command.aliases)
    )
    longer = (words for words in spellings if words[: len(group)] == group and len(words) > len(group))
    return list(dict.fromkeys(words[len(group)] for words in longer))
