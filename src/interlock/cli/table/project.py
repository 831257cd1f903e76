"""The commands that begin projects and step into their environments, and their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command
from interlock.cli.table.selection_options import add_install_options, add_member_options, add_selection_options

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["PROJECT"]


def _scaffold_options(parser: OptionGroup) -> None:
    parser.word("path", metavar="PATH", text="directory of the project")
    kind = parser.section("what to make")
    kind.flag("--lib", text="a library (the default)")
    kind.flag("--app", text="an application with a command")
    kind.flag("--web", text="a web application (WSGI)")
    kind.flag("--workspace", text="the root of a workspace")
    about = parser.section("how it is")
    about.value("--name", metavar="NAME", text="name, with dots for namespace packages (default: the directory's)")
    about.flag("--src", text="packages below src (the default)")
    about.flag("--flat", text="packages beside the manifest")
    about.flag("--no-package", text="without a build system: nothing is built or installed of it")
    about.value(
        "--build-backend", metavar="NAME", text="hatchling, setuptools, flit-core, poetry-core, pdm-backend, uv-build"
    )
    about.value("--description", metavar="TEXT", text="one line about it")
    about.value("--author", metavar="NAME", text="`Name <mail>`")
    about.value("-l", "--license", metavar="SPDX", text="MIT, Apache-2.0, ...")
    about.flag("--no-readme", text="without a README.md")
    about.value("--readme", metavar="KIND", text="md, the only kind there is", choices=("md",))
    about.repeat("--dependency", dest="dependency", metavar="TEXT", text="a requirement (repeatable)")
    about.repeat("--dev-dependency", dest="dev_dependency", metavar="TEXT", text="one of the dev group (repeatable)")
    parser.flag("-i", "--interactive", text="ask for what was not said (the default on a terminal)")


def _shell_options(parser: OptionGroup) -> None:
    parser.flag("--no-sync", text="use the environment as it is")
    add_selection_options(parser)
    add_install_options(parser)


def _activate_options(parser: OptionGroup) -> None:
    add_member_options(parser)
    parser.value("--shell", metavar="NAME", text="bash, zsh, fish, csh, pwsh or cmd (default: yours)")


def _use_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="3.12, pypy@3.11, a path")


PROJECT = (
    Command(
        ("new",),
        "new",
        "Make a project in a new directory, a member when there is a workspace around it",
        _scaffold_options,
        (
            ("packages/billing", "a library; inside a workspace it becomes a member"),
            ("shop --workspace", "the root of a workspace"),
        ),
        usage="[options] PATH",
    ),
    Command(
        ("init",),
        "init",
        "Give the directory you are in a pyproject.toml, keeping what is there",
        _scaffold_options,
        (("", "a library, called like the directory"), ("--app --name tool --flat", "an application, without src")),
        usage="[options] [PATH]",
    ),
    Command(
        ("shell",),
        "shell",
        "Start a shell in the environment, synced first",
        _shell_options,
        (("", "your own shell"), ("--package web --no-sync", "for one member, as it is")),
    ),
    Command(
        ("env", "activate"),
        "env_activate",
        "Show the command that activates the environment",
        _activate_options,
        (("", "for eval: `eval $(interlock env activate)`"), ("--shell fish", "for another shell")),
    ),
    Command(
        ("env", "use"),
        "env_use",
        "Make the environment anew with another Python",
        _use_options,
        (("3.12", "the first Python 3.12"), ("/usr/bin/python3", "one by its path")),
        usage="[options] PYTHON",
    ),
)
