"""The commands about settings, indexes, logins and this installation."""

from __future__ import annotations

from interlock.cli import options_settings as settings
from interlock.cli.command import Command

__all__ = ["SETTINGS"]

SETTINGS = (
    Command(
        ("config",),
        "config",
        "Show and change settings",
        settings.config_options,
        (("--list", "all of them, and where each is from"), ("add-bounds major --local", "for this workspace")),
        usage="[options] [KEY [VALUE ...]]",
    ),
    Command(
        ("source", "add"),
        "source_add",
        "Add an index to the workspace",
        settings.source_add_options,
        (
            ("inner https://index.test/simple/", "asked before PyPI"),
            ("torch https://index.test/torch/ --priority explicit", "only for what names it"),
        ),
        usage="[options] NAME URL",
    ),
    Command(
        ("source", "remove"),
        "source_remove",
        "Remove an index from the workspace",
        settings.name_options,
        (("inner", "by its name"), ("torch --quiet", "without a word")),
        usage="[options] NAME",
    ),
    Command(
        ("source", "show"),
        "source_show",
        "List the indexes in their order",
        settings.name_options,
        (("", "all of them"), ("inner --json", "one, for scripts")),
        usage="[options] [NAME]",
    ),
    Command(
        ("auth", "login"),
        "auth_login",
        "Store a login for an index",
        settings.login_options,
        (("inner -u ann", "asks for the password"), ("inner --token -", "a token, from stdin")),
        usage="[options] NAME",
    ),
    Command(
        ("auth", "logout"),
        "auth_logout",
        "Forget a login",
        settings.name_options,
        (("inner", "of one index"), ("inner -q", "without a word")),
        usage="[options] NAME",
    ),
    Command(
        ("auth", "token"),
        "auth_token",
        "Show a stored password or token",
        settings.name_options,
        (("inner", "for another program"), ("inner --json", "with the user name")),
        usage="[options] NAME",
    ),
    Command(
        ("completions",),
        "completions",
        "Write a completion script for a shell",
        settings.no_options,
        (("bash", "bash, zsh, fish or powershell"), ("zsh", "put it where your shell looks for completions")),
        usage="SHELL",
        verbatim=True,
    ),
    Command(
        ("self", "show"),
        "self_show",
        "Show this installation and its plugins",
        settings.no_options,
        (("", "for people"), ("--json", "for scripts")),
    ),
    Command(
        ("self", "update"),
        "self_update",
        "Update this program",
        settings.update_options,
        (("", "to the newest release"), ("--preview --dry-run", "show how, pre-releases included")),
    ),
    Command(
        ("self", "add"),
        "self_add",
        "Install plugins beside this program",
        settings.packages_options,
        (("interlock-hello", "one plugin"), ("interlock-hello --dry-run", "show how")),
        usage="[options] PACKAGE ...",
    ),
    Command(
        ("self", "remove"),
        "self_remove",
        "Uninstall plugins",
        settings.packages_options,
        (("interlock-hello", "one plugin"), ("interlock-hello --dry-run", "show how")),
        usage="[options] PACKAGE ...",
    ),
)
