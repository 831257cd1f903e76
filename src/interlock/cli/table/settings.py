"""The commands about settings, indexes, logins and this installation, and their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command, no_options

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["SETTINGS"]

PRIORITIES = ("primary", "default", "supplemental", "explicit")


def _config_options(parser: OptionGroup) -> None:
    parser.word("key", metavar="KEY", text="a setting; http-basic.NAME and pypi-token.NAME store logins")
    parser.words("value", metavar="VALUE", text="what to set it to; without one, it is shown")
    parser.flag("-l", "--list", text="list every setting with its value and where it is from")
    parser.flag("--unset", text="remove it")
    parser.flag("--local", text="in the workspace's pyproject.toml instead of the user's file")
    parser.flag("--schema", text="write the JSON schema of [tool.interlock]")


def _name_options(parser: OptionGroup) -> None:
    parser.word("name", metavar="NAME", text="of the index")


def _source_add_options(parser: OptionGroup) -> None:
    _name_options(parser)
    parser.word("url", metavar="URL", text="of its simple repository")
    parser.value("--priority", metavar="KIND", text="primary, default, supplemental or explicit", choices=PRIORITIES)


def _login_options(parser: OptionGroup) -> None:
    _name_options(parser)
    parser.value("-u", "--username", metavar="NAME", text="user name")
    parser.value("--password", metavar="TEXT", text="password; `-` reads it from stdin")
    parser.value("--token", metavar="TEXT", text="a token instead of a user name and a password")


def _self_show_options(parser: OptionGroup) -> None:
    parser.word("what", metavar="WHAT", text="`plugins`: nothing but these")


def _packages_options(parser: OptionGroup) -> None:
    parser.words("packages", metavar="PACKAGE", text="plugins by the names of their packages")
    parser.flag("--dry-run", text="show what would be run")


def _update_options(parser: OptionGroup) -> None:
    parser.flag("--preview", text="take pre-releases too")
    parser.flag("--dry-run", text="show what would be run")


SETTINGS = (
    Command(
        ("config",),
        "config",
        "Show and change settings",
        _config_options,
        (("--list", "all of them, and where each is from"), ("add-bounds major --local", "for this workspace")),
        usage="[options] [KEY [VALUE ...]]",
    ),
    Command(
        ("source", "add"),
        "source:add",
        "Add an index to the workspace",
        _source_add_options,
        (
            ("inner https://index.test/simple/", "asked before PyPI"),
            ("torch https://index.test/torch/ --priority explicit", "only for what names it"),
        ),
        usage="[options] NAME URL",
    ),
    Command(
        ("source", "remove"),
        "source:remove",
        "Remove an index from the workspace",
        _name_options,
        (("inner", "by its name"), ("torch --quiet", "without a word")),
        usage="[options] NAME",
    ),
    Command(
        ("source", "show"),
        "source:show",
        "List the indexes in their order",
        _name_options,
        (("", "all of them"), ("inner --json", "one, for scripts")),
        usage="[options] [NAME]",
    ),
    Command(
        ("auth", "login"),
        "auth_login",
        "Store a login for an index",
        _login_options,
        (("inner -u ann", "asks for the password"), ("inner --token -", "a token, from stdin")),
        usage="[options] NAME",
    ),
    Command(
        ("auth", "logout"),
        "auth_logout",
        "Forget a login",
        _name_options,
        (("inner", "of one index"), ("inner -q", "without a word")),
        usage="[options] NAME",
    ),
    Command(
        ("auth", "token"),
        "auth_token",
        "Show a stored password or token",
        _name_options,
        (("inner", "for another program"), ("inner --json", "with the user name")),
        usage="[options] NAME",
    ),
    Command(
        ("completions",),
        "completions",
        "Write a completion script for a shell",
        no_options,
        (("bash", "bash, zsh, fish or powershell"), ("zsh", "put it where your shell looks for completions")),
        usage="SHELL",
        verbatim=True,
    ),
    Command(
        ("self", "show"),
        "self_show",
        "Show this installation and its plugins",
        _self_show_options,
        (("", "for people"), ("--json", "for scripts")),
        usage="[options] [plugins]",
    ),
    Command(
        ("self", "update"),
        "self_install:update",
        "Update this program",
        _update_options,
        (("", "to the newest release"), ("--preview --dry-run", "show how, pre-releases included")),
    ),
    Command(
        ("self", "add"),
        "self_install:add",
        "Install plugins beside this program",
        _packages_options,
        (("interlock-hello", "one plugin"), ("interlock-hello --dry-run", "show how")),
        usage="[options] PACKAGE ...",
    ),
    Command(
        ("self", "remove"),
        "self_install:remove",
        "Uninstall plugins",
        _packages_options,
        (("interlock-hello", "one plugin"), ("interlock-hello --dry-run", "show how")),
        usage="[options] PACKAGE ...",
    ),
)
