"""Options of the commands about settings, indexes, logins and this installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.cli.option_group import OptionGroup

__all__ = [
    "config_options",
    "login_options",
    "name_options",
    "no_options",
    "packages_options",
    "source_add_options",
    "update_options",
]

PRIORITIES = ("primary", "default", "supplemental", "explicit")


def no_options(parser: OptionGroup) -> None:
    del parser


def config_options(parser: OptionGroup) -> None:
    parser.word("key", metavar="KEY", text="a setting; http-basic.NAME and pypi-token.NAME store logins")
    parser.words("value", metavar="VALUE", text="what to set it to; without one, it is shown")
    parser.flag("-l", "--list", text="list every setting with its value and where it is from")
    parser.flag("--unset", text="remove it")
    parser.flag("--local", text="in the workspace's pyproject.toml instead of the user's file")
    parser.flag("--schema", text="write the JSON schema of [tool.interlock]")


def name_options(parser: OptionGroup) -> None:
    parser.word("name", metavar="NAME", text="of the index")


def source_add_options(parser: OptionGroup) -> None:
    name_options(parser)
    parser.word("url", metavar="URL", text="of its simple repository")
    parser.value("--priority", metavar="KIND", text="primary, default, supplemental or explicit", choices=PRIORITIES)


def login_options(parser: OptionGroup) -> None:
    name_options(parser)
    parser.value("-u", "--username", metavar="NAME", text="user name")
    parser.value("--password", metavar="TEXT", text="password; `-` reads it from stdin")
    parser.value("--token", metavar="TEXT", text="a token instead of a user name and a password")


def packages_options(parser: OptionGroup) -> None:
    parser.words("packages", metavar="PACKAGE", text="plugins by the names of their packages")
    parser.flag("--dry-run", text="show what would be run")


def update_options(parser: OptionGroup) -> None:
    parser.flag("--preview", text="take pre-releases too")
    parser.flag("--dry-run", text="show what would be run")
