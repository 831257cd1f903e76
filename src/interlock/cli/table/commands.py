"""The commands there are, in the order in which help lists them."""

from __future__ import annotations

from interlock.cli.table.command import Command
from interlock.cli.table.editing import EDITING
from interlock.cli.table.looking import LOOKING
from interlock.cli.table.machine import MACHINE
from interlock.cli.table.project import PROJECT
from interlock.cli.table.release import RELEASE
from interlock.cli.table.service import SERVICE
from interlock.cli.table.settings import SETTINGS
from interlock.cli.table.workspace import WORKSPACE

__all__ = ["COMMANDS", "GROUPS"]

GROUPS = {
    "catalog": "Ranges that members share: list and change them",
    "source": "Add, remove and list indexes",
    "auth": "Store, forget and show logins for indexes",
    "self": "Look at this installation, update it, add plugins",
    "debug": "See what the resolver and the installer would do",
    "workspace": "List the members and show how they depend on each other",
    "cache": "Look at the cache and make it smaller",
    "python": "Find, list and pin interpreters",
    "serve token": "Make, list and revoke tokens of a service",
    "env": "Look at the workspace's environments and remove them",
}

COMMANDS: tuple[Command, ...] = (*EDITING, *PROJECT, *WORKSPACE, *RELEASE, *LOOKING, *SETTINGS, *MACHINE, *SERVICE)
