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
)
