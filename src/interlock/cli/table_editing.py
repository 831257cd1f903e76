"""The commands that change what members ask for."""

from __future__ import annotations

from interlock.cli import options_editing as editing
from interlock.cli.command import Command

__all__ = ["EDITING"]

EDITING = (
    Command(
        ("add",),
        "add",
        "Add dependencies to manifests, lock and environment",
        editing.add_options,
        (
            ("httpx 'rich@^13'", "to the member you are in, with a lower bound and a caret range"),
            ("--package web --package api -D pytest", "to the dev group of two members"),
        ),
        usage="[options] PACKAGE ...",
    ),
    Command(
        ("remove",),
        "remove",
        "Remove dependencies from manifests, lock and environment",
        editing.remove_options,
        (("httpx", "wherever the member lists it"), ("--all-packages -G docs mkdocs", "from a group of every member")),
        usage="[options] PACKAGE ...",
        aliases=(("rm",),),
    ),
    Command(
        ("update",),
        "update",
        "Lock newer versions and install them",
        editing.update_options,
        (("", "everything, within the bounds of the manifests"), ("httpx anyio --lock", "two packages, lock only")),
        usage="[options] [PACKAGE ...]",
        aliases=(("upgrade",), ("up",)),
    ),
    Command(
        ("import",),
        "import_projects",
        "Write a project of another tool in the standard form, keeping its locked versions",
        editing.import_options,
        (("--dry-run", "show what would be written"), ("requirements.txt", "from a list of requirements")),
        usage="[options] [FILE ...]",
        aliases=(("migrate",),),
    ),
)
