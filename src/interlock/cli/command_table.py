"""The commands there are: their names, what they are for, their options and where they are carried out."""

from __future__ import annotations

from interlock.cli import options_machine as machine
from interlock.cli import options_workspace as workspace
from interlock.cli.command import Command
from interlock.cli.table_editing import EDITING
from interlock.cli.table_looking import LOOKING
from interlock.cli.table_project import PROJECT
from interlock.cli.table_release import RELEASE
from interlock.cli.table_settings import SETTINGS

__all__ = ["COMMANDS", "GROUPS", "Command"]

GROUPS = {
    "source": "Add, remove and list indexes",
    "auth": "Store, forget and show logins for indexes",
    "self": "Look at this installation, update it, add plugins",
    "debug": "See what the resolver and the installer would do",
    "workspace": "List the members and show how they depend on each other",
    "cache": "Look at the cache and make it smaller",
    "python": "Find, list and pin interpreters",
    "env": "Look at the workspace's environments and remove them",
}

COMMANDS: tuple[Command, ...] = (
    *EDITING,
    *PROJECT,
    *LOOKING,
    *SETTINGS,
    Command(
        ("lock",),
        "lock",
        "Resolve every member together and write interlock.lock",
        workspace.lock_options,
        (("--check", "fail in CI when the lock does not match the manifests"), ("-P httpx", "upgrade one package")),
    ),
    Command(
        ("sync",),
        "sync",
        "Make the environment exactly what the lock says",
        workspace.sync_options,
        (
            ("--package web --no-dev", "only one member and what it needs to run"),
            ("--locked --all-packages", "every member, and fail when the lock is out of date"),
        ),
    ),
    Command(
        ("install",),
        "install",
        "Like sync, but keep what is not selected",
        workspace.install_options,
        (
            ("--with docs", "add a group to the environment"),
            ("--no-root --only main", "dependencies only, for a container layer"),
        ),
        aliases=(("i",),),
    ),
    Command(
        ("run",),
        "run",
        "Run a program in the environment, synced first",
        workspace.run_options,
        (
            ("--package web pytest -x", "run the tests of one member"),
            ("-m http.server 8000", "run a module; what follows it is the module's own"),
        ),
        usage="[options] PROGRAM [arguments]",
        verbatim=True,
    ),
    Command(
        ("tree",),
        "tree",
        "Show what needs what",
        workspace.tree_options,
        (("--package web --depth 2", "two levels below one member"), ("--invert anyio", "who needs anyio")),
        usage="[options] [PACKAGE ...]",
    ),
    Command(
        ("show",),
        "show",
        "List the locked packages, or the details of one",
        workspace.show_options,
        (
            ("--top-level", "what the members ask for themselves"),
            ("httpx", "one package: versions, files, who needs it"),
        ),
        usage="[options] [PACKAGE]",
        aliases=(("list",),),
    ),
    Command(
        ("export",),
        "export",
        "Write the lock as pylock.toml or requirements.txt",
        workspace.export_options,
        (
            ("-o pylock.toml", "the whole workspace, for every platform"),
            ("--format requirements --package web --no-dev", "what one member needs to run"),
        ),
    ),
    *RELEASE,
    Command(
        ("workspace", "list"),
        "workspace_list",
        "List the members",
        workspace.list_options,
        (("--json", "for scripts"), ("--paths", "one directory per line")),
        aliases=(("workspace", "ls"),),
    ),
    Command(
        ("workspace", "graph"),
        "workspace_graph",
        "Show which member depends on which",
        workspace.graph_options,
        (("--format dot", "for Graphviz"), ("--json", "for scripts")),
    ),
    Command(
        ("venv",),
        "venv",
        "Make a virtual environment",
        machine.venv_options,
        (("--python 3.12", "in .venv, with Python 3.12"), ("../try --prompt try", "somewhere else")),
        usage="[options] [PATH]",
        aliases=(("env", "create"),),
    ),
    Command(
        ("env", "info"),
        "env_info",
        "Describe the environment",
        machine.env_info_options,
        (("--path", "only where it is"), ("--package web --executable", "the interpreter one member uses")),
    ),
    Command(
        ("env", "list"),
        "env_list",
        "List the workspace's environments",
        machine.no_options,
        (("", "all of them, with their Pythons"), ("--json", "for scripts")),
        aliases=(("env", "ls"),),
    ),
    Command(
        ("env", "remove"),
        "env_remove",
        "Remove an environment that Interlock made",
        machine.env_remove_options,
        (("", "the shared one"), ("--package web", "one member's own")),
        aliases=(("env", "rm"),),
    ),
    Command(
        ("python", "list"),
        "python_list",
        "List the interpreters on this machine",
        machine.python_list_options,
        ((">=3.12", "only those in a range"), ("--json", "for scripts")),
        usage="[options] [PYTHON]",
        aliases=(("python", "ls"),),
    ),
    Command(
        ("python", "find"),
        "python_find",
        "Show the interpreter that would be used",
        machine.python_find_options,
        (("", "for the workspace"), ("3.12", "the first Python 3.12")),
        usage="[options] [PYTHON]",
    ),
    Command(
        ("python", "pin"),
        "python_pin",
        "Write .python-version",
        machine.python_pin_options,
        (("3.12", "use Python 3.12 here"), ("--rm", "forget it")),
        usage="[options] [PYTHON]",
    ),
    Command(
        ("cache", "dir"),
        "cache_dir",
        "Show where the cache is",
        machine.no_options,
        (("", "the directory"), ("--cache-dir .cache", "the one a flag or variable chooses")),
    ),
    Command(
        ("cache", "size"),
        "cache_size",
        "Show how much the cache holds",
        machine.cache_size_options,
        (("", "by kind"), ("--bytes", "one number, for scripts")),
        aliases=(("cache", "list"),),
    ),
    Command(
        ("cache", "clean"),
        "cache_clean",
        "Remove what is cached, all of it or of some packages",
        machine.cache_clean_options,
        (("", "everything"), ("numpy scipy", "only what belongs to two packages")),
        usage="[options] [PACKAGE ...]",
        aliases=(("cache", "clear"),),
    ),
    Command(
        ("cache", "prune"),
        "cache_prune",
        "Remove what nothing uses any more",
        machine.cache_prune_options,
        (("", "leftovers and old formats"), ("--ci", "before a CI job saves the cache")),
    ),
)
