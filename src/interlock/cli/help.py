"""Help: the overview on one screen, and the help of each command with examples that work."""

from __future__ import annotations

import argparse
import textwrap

from interlock.cli.arguments import make_parser
from interlock.cli.table.command import Command
from interlock.cli.table.commands import COMMANDS, GROUPS
from interlock.cli.table.documents import DOCUMENTS

__all__ = ["command_help", "group_help"]


def group_help(group: tuple[str, ...]) -> str:
    """``interlock cache --help``."""
    name, length = " ".join(group), len(group)
    below = [command for command in COMMANDS if command.words[:length] == group]
    lines = [f"{GROUPS[name]}.", "", f"Usage: interlock {name} COMMAND [options]", "", "Commands:"]
    lines += [f"  {command.words[length]:<8} {command.summary}" for command in below]
    if group == ("env",):
        lines.append("  create   Make a virtual environment (`interlock venv`)")
    return "\n".join([*lines, "", f"Each takes --help: `interlock {name} {below[0].words[length]} --help`."]) + "\n"


def command_help(command: Command) -> str:
    """``interlock lock --help``."""
    parser = make_parser(command)
    name = " ".join(("interlock", *command.words))
    formatter = _Formatter(prog=name, max_help_position=34, width=96)
    for group in parser._action_groups:
        title = group.title or ""
        formatter.start_section("Arguments" if title.startswith("positional") else title.capitalize())
        formatter.add_arguments(group._group_actions)
        formatter.end_section()
    options = formatter.format_help().rstrip()
    examples = "\n".join(_example(name, arguments, meaning) for arguments, meaning in command.examples)
    other = [" ".join(("interlock", *words)) for words in command.aliases]
    parts = [f"{command.summary}.", f"Usage: {name} {command.usage}"]
    parts += [f"Also: {', '.join(other)}"] if other else []
    parts += [options] if options else []
    parts += [f"Examples:\n{examples}"]
    parts += [_document(DOCUMENTS[command.words])] if command.words in DOCUMENTS else []
    parts += ["Options that every command takes: `interlock --help`."]
    return "\n\n".join(parts) + "\n"


def _document(lines: tuple[tuple[str, str], ...]) -> str:
    """What ``--json`` writes."""
    text = ["With --json, one document:"]
    for place, keys in lines:
        line = f"{place}: {keys}" if place else keys
        text += textwrap.wrap(line, 94, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
    return "\n".join(text)


def _example(name: str, arguments: str, meaning: str) -> str:
    return f"  # {meaning}\n  {name} {arguments}".rstrip()


class _Formatter(argparse.HelpFormatter):
    def _format_action_invocation(self, action: argparse.Action) -> str:
        """All spellings, then the value once (older versions of argparse repeat it)."""
        if not action.option_strings:
            return super()._format_action_invocation(action)
        names = action.metavar if isinstance(action.metavar, tuple) else (action.metavar,)
        value = "".join(f" {name}" for name in names) if action.nargs != 0 else ""
        return ", ".join(action.option_strings) + value
