"""The commands about a workspace, its lock and its environments, and their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command
from interlock.cli.table.selection_options import (
    add_freshness_options,
    add_install_options,
    add_resolver_options,
    add_selection_options,
    add_upgrade_options,
)

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["WORKSPACE"]


DIFF_FORMATS = ("text", "markdown", "json")


def _lock_options(parser: OptionGroup) -> None:
    parser.flag("--check", text="only say whether the lock is fresh (exit 3 when not)")
    add_upgrade_options(parser)
    parser.flag("--dry-run", text="show what would change, write nothing")
    parser.value("--diff", metavar="REV|FILE", text="show what changed since a revision's or a file's lock, and why")
    parser.value("--format", metavar="FORMAT", text="of --diff: text, markdown or json", choices=DIFF_FORMATS)
    parser.several("--merge", metavar=("BASE", "OURS", "THEIRS"), text="merge locks by meaning, as git's merge driver")
    parser.flag("--declare-conflicts", text="write into the root's manifest which members cannot agree")
    parser.flag("--install-merge-driver", text="have git merge locks this way in this repository")
    parser.value("--script", metavar="FILE", text="lock a script with inline metadata, beside it")
    add_resolver_options(parser)


def _sync_options(parser: OptionGroup) -> None:
    _environment_options(parser)
    add_upgrade_options(parser.section("what to lock anew first"))
    parser.flag("--exact", text="remove what is not selected (the default)")
    parser.flag("--inexact", text="keep what is not selected")


def _install_options(parser: OptionGroup) -> None:
    _environment_options(parser)
    parser.flag("--exact", "--sync", text="remove what is not selected")
    parser.flag("--inexact", text="keep what is not selected (the default)")
    parser.flag("--only-root", text="Poetry's: the project itself, without what it needs")


def _environment_options(parser: OptionGroup) -> None:
    parser.flag("--check", text="only say whether the environment is in sync (exit 1 when not)")
    parser.flag("--dry-run", text="show what would change, change nothing")
    add_selection_options(parser)
    add_install_options(parser)
    add_resolver_options(parser)


def _run_options(parser: OptionGroup) -> None:
    parser.flag("-m", "--module", text="run a module, as `python -m` does")
    parser.flag("--no-sync", text="run in the environment as it is")
    parser.flag("--exact", text="remove what is not selected from the environment first")
    parser.repeat("--env-file", dest="env_file", metavar="FILE", text="read variables from FILE (repeatable)")
    parser.repeat(
        "--with", "--with-package", dest="with_packages", metavar="PACKAGE", text="have this too, for this run"
    )
    parser.flag("--isolated", text="in an environment that is gone afterwards")
    parser.flag("-s", "--script", text="run a script with its inline metadata, outside of the workspace")
    parser.flag("-l", "--list", text="list the tasks and scripts")
    many = parser.section("in many members")
    many.flag("-r", "--recursive", text="in every selected member, those first that others need")
    many.value("--affected", metavar="REF", text="in those that a change since REF touches")
    many.number("-j", "--jobs", metavar="N", text="so many at a time (default: one per processor)")
    many.flag("--serial", text="one at a time")
    many.flag("--keep-going", "--continue", text="go on after a failure", dest="keep_going")
    many.flag("--fail-fast", text="begin nothing new after a failure (the default)")
    many.flag("--no-prefix", text="lines without the member's name")
    add_selection_options(parser, poetry_with=False)
    add_install_options(parser)
    add_resolver_options(parser)


def _tree_options(parser: OptionGroup) -> None:
    parser.words("roots", metavar="PACKAGE", text="begin at these packages instead of the members")
    parser.number("-d", "--depth", metavar="N", text="show N levels")
    parser.flag("-i", "--invert", "--reverse", "--why", text="show what needs a package")
    parser.repeat("--prune", dest="prune", metavar="NAME", text="do not show this package (repeatable)")
    parser.flag("--no-dedupe", text="show what is below a package each time")
    parser.flag("--universal", text="show every platform and Python, not only this one")
    parser.flag("--duplicates", text="show only packages locked in several versions")
    add_selection_options(parser)
    add_freshness_options(parser)


def _show_options(parser: OptionGroup) -> None:
    parser.word("name", metavar="PACKAGE", text="show the details of one package")
    parser.flag("-t", "--tree", text="show as a tree, like `interlock tree`")
    parser.flag("--why", text="show what needs a package")
    parser.flag("-T", "--top-level", text="show only what the members ask for themselves")
    parser.flag("-a", "--all", "--universal", text="show every platform and Python, not only this one")
    parser.flag("-l", "--latest", text="show the newest version of each, too")
    parser.flag("-o", "--outdated", text="show only what is old, like `interlock outdated`")
    parser.value("-f", "--format", metavar="KIND", text="text (the default) or json", choices=("text", "json"))
    parser.flag("--no-truncate", text="", hidden=True)
    add_selection_options(parser)
    add_freshness_options(parser)


def _export_options(parser: OptionGroup) -> None:
    parser.value(
        "-f", "--format", metavar="FORMAT", text="pylock (the default) or requirements", choices=EXPORT_FORMATS
    )
    parser.value("-o", "--output-file", "--output", dest="output_file", metavar="FILE", text="write to FILE")
    parser.flag("--no-hashes", "--without-hashes", text="leave hashes out")
    parser.flag("--no-header", text="leave the leading comment out")
    parser.flag("--no-annotate", text="leave out who needs a package")
    parser.flag("--no-editable", text="write members and directories as not editable")
    parser.flag("--no-emit-project", text="leave the selected members out")
    parser.flag("--no-emit-workspace", text="leave every member out")
    parser.flag("--no-emit-local", text="leave members and local directories out")
    parser.repeat("--no-emit-package", dest="no_emit_package", metavar="NAME", text="leave this package out")
    add_upgrade_options(parser.section("what to lock anew first"))
    add_selection_options(parser)
    add_freshness_options(parser)


EXPORT_FORMATS = ("pylock", "pylock.toml", "requirements", "requirements.txt")


def _list_options(parser: OptionGroup) -> None:
    parser.flag("--paths", text="show only the directories")


def _dir_options(parser: OptionGroup) -> None:
    parser.value("--package", metavar="MEMBER", dest="member", text="this member's directory instead of the root's")


def _graph_options(parser: OptionGroup) -> None:
    parser.value("--format", metavar="FORMAT", text="text (the default), json or dot", choices=("text", "json", "dot"))


WORKSPACE = (
    Command(
        ("lock",),
        "lock",
        "Resolve every member together and write interlock.lock",
        _lock_options,
        (("--check", "fail in CI when the lock does not match the manifests"), ("-P httpx", "upgrade one package")),
    ),
    Command(
        ("sync",),
        "sync",
        "Make the environment exactly what the lock says",
        _sync_options,
        (
            ("--package web --no-dev", "only one member and what it needs to run"),
            ("--locked --all-packages", "every member, and fail when the lock is out of date"),
        ),
    ),
    Command(
        ("install",),
        "install",
        "Like sync, but keep what is not selected",
        _install_options,
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
        _run_options,
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
        _tree_options,
        (("--package web --depth 2", "two levels below one member"), ("--invert anyio", "who needs anyio")),
        usage="[options] [PACKAGE ...]",
    ),
    Command(
        ("show",),
        "show",
        "List the locked packages, or the details of one",
        _show_options,
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
        _export_options,
        (
            ("-o pylock.toml", "the whole workspace, for every platform"),
            ("--format requirements --package web --no-dev", "what one member needs to run"),
        ),
    ),
    Command(
        ("workspace", "list"),
        "workspace_list",
        "List the members",
        _list_options,
        (("--json", "for scripts"), ("--paths", "one directory per line")),
        aliases=(("workspace", "ls"),),
    ),
    Command(
        ("workspace", "dir"),
        "workspace_dir",
        "Show the directory of the workspace or of a member",
        _dir_options,
        (("", "the root, from anywhere below it"), ("--package web", "where a member is")),
    ),
    Command(
        ("workspace", "graph"),
        "workspace_graph",
        "Show which member depends on which",
        _graph_options,
        (("--format dot", "for Graphviz"), ("--json", "for scripts")),
    ),
)
