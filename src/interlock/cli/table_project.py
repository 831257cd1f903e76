"""The commands that begin projects."""

from __future__ import annotations

from interlock.cli import options_project as project
from interlock.cli.command import Command

__all__ = ["PROJECT"]

PROJECT = (
    Command(
        ("new",),
        "new",
        "Make a project in a new directory, a member when there is a workspace around it",
        project.scaffold_options,
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
        project.scaffold_options,
        (("", "a library, called like the directory"), ("--app --name tool --flat", "an application, without src")),
        usage="[options] [PATH]",
    ),
    Command(
        ("shell",),
        "shell",
        "Start a shell in the environment, synced first",
        project.shell_options,
        (("", "your own shell"), ("--package web --no-sync", "for one member, as it is")),
    ),
    Command(
        ("env", "activate"),
        "env_activate",
        "Show the command that activates the environment",
        project.activate_options,
        (("", "for eval: `eval $(interlock env activate)`"), ("--shell fish", "for another shell")),
    ),
    Command(
        ("env", "use"),
        "env_use",
        "Make the environment anew with another Python",
        project.use_options,
        (("3.12", "the first Python 3.12"), ("/usr/bin/python3", "one by its path")),
        usage="[options] PYTHON",
    ),
)
