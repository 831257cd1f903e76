"""Options of the commands about this machine: cache, interpreters and virtual environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.options_selection import add_member_options

if TYPE_CHECKING:
    from interlock.cli.option_group import OptionGroup

__all__ = [
    "cache_clean_options",
    "cache_prune_options",
    "cache_size_options",
    "env_info_options",
    "env_remove_options",
    "no_options",
    "python_find_options",
    "python_list_options",
    "python_pin_options",
    "venv_options",
]


def no_options(parser: OptionGroup) -> None:
    del parser


def cache_clean_options(parser: OptionGroup) -> None:
    parser.words("packages", metavar="PACKAGE", text="only what belongs to these packages")
    parser.flag("--all", text="everything, also while another process uses the cache")


def cache_prune_options(parser: OptionGroup) -> None:
    parser.flag("--ci", text="keep only what was built here")


def cache_size_options(parser: OptionGroup) -> None:
    parser.flag("--bytes", text="show plain numbers of bytes")


def python_list_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="only interpreters that match: 3.12, pypy, >=3.11")
    parser.flag("--paths", text="show only the paths")


def python_find_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="what to look for: 3.12, pypy@3.11, >=3.11, a path")


def python_pin_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="version to write; without it, show the pinned one")
    parser.flag("--rm", text="remove the pin")


def venv_options(parser: OptionGroup) -> None:
    parser.word("path", metavar="PATH", text="where to make it (default: .venv)")
    parser.value("--prompt", metavar="NAME", text="what the shell shows when it is active")
    parser.flag("--system-site-packages", text="let it see the interpreter's own packages")
    parser.flag("-c", "--clear", text="replace an environment that is there")


def env_info_options(parser: OptionGroup) -> None:
    add_member_options(parser)
    parser.flag("--path", text="show only the path")
    parser.flag("-e", "--executable", text="show only the path of the interpreter")


def env_remove_options(parser: OptionGroup) -> None:
    add_member_options(parser)
    parser.flag("--all", text="remove every environment of the workspace")
