"""The commands that change what members ask for, and their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command
from interlock.cli.table.selection_options import add_install_options, add_member_options, add_resolver_options

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["EDITING"]

BOUNDS = ("lower", "major", "minor", "exact")


def _add_options(parser: OptionGroup) -> None:
    parser.words("requirements", metavar="PACKAGE", text="name, name@^1, name@latest, name[extra]>=1, git+URL, path")
    parser.repeat("-r", "--requirements", dest="requirements_file", metavar="FILE", text="add what a file lists")
    parser.repeat("-c", "--constraints", dest="constraints_file", metavar="FILE", text="bounds for what is added")
    parser.value("--script", metavar="FILE", text="add to the inline metadata of a script instead")
    _target_options(parser)
    what = parser.section("what to write")
    what.repeat("-E", "--extras", "--extra", dest="extra", metavar="EXTRA", text="extras of the package itself")
    what.flag("-e", "--editable", text="install a directory or repository as editable")
    what.flag("--no-editable", text="install a member or directory as a copy", dest="not_editable")
    what.value("--marker", "--markers", metavar="MARKER", text="only where a marker holds", dest="marker")
    what.value("--platform", metavar="NAME", text="only on a platform: linux, darwin, win32")
    what.value(
        "--python-version", "--for-python", metavar="RANGE", text="only for Pythons in a range", dest="for_python"
    )
    what.value("--source", metavar="NAME", text="take it from this index")
    what.value("--bounds", metavar="KIND", text="bounds to write: lower, major, minor or exact", choices=BOUNDS)
    what.flag("--allow-prereleases", "--pre", text="take pre-releases too", dest="allow_prereleases")
    what.flag("--raw", "--raw-sources", text="write what was typed, without bounds or sources", dest="raw")
    what.value("--rev", metavar="REV", text="commit of a git repository")
    what.value("--tag", metavar="TAG", text="tag of a git repository")
    what.value("--branch", metavar="NAME", text="branch of a git repository")
    what.flag("--lfs", text="fetch the files that a git repository keeps with git-lfs")
    what.value("--subdirectory", metavar="DIR", text="directory of the project in a repository or archive")
    what.flag("--workspace", text="make a local directory a member of the workspace (the default below the root)")
    what.flag("--no-workspace", text="do not make it a member")
    _after_options(parser)


def _remove_options(parser: OptionGroup) -> None:
    parser.words("packages", metavar="PACKAGE", text="names to remove")
    parser.value("--script", metavar="FILE", text="remove from the inline metadata of a script instead")
    _target_options(parser)
    _after_options(parser)


def _update_options(parser: OptionGroup) -> None:
    parser.words("packages", metavar="PACKAGE", text="update these only; without names, everything")
    parser.flag("--lock", "--no-sync", text="do not change the environment", dest="no_sync")
    parser.flag("--sync", "--exact", text="remove what is not selected from the environment", dest="exact")
    parser.flag("--dry-run", text="show what would change, write nothing")
    parser.flag("--bump", "--latest", text="raise the bounds in the manifests to what is newest", dest="bump")
    group = parser.section("what to select")
    add_member_options(group)
    group.repeat("--with", dest="with_group", metavar="GROUPS", text="include groups in the environment")
    group.repeat("--without", dest="without_group", metavar="GROUPS", text="leave groups out")
    group.repeat("--only", dest="only", metavar="GROUPS", text="only these groups; `main` is the project's own")
    group.repeat("--group", dest="group", metavar="GROUP", text="include a dependency group (repeatable)")
    add_install_options(parser)
    add_resolver_options(parser)


def _import_options(parser: OptionGroup) -> None:
    parser.words("files", metavar="FILE", text="locks or lists of requirements (default: those that are there)")
    parser.flag("--workspace", text="make one workspace of all projects below this directory, with one lock")
    parser.flag("--keep-manifests", text="leave the manifests as they are, take over the versions only")
    parser.flag("--dry-run", text="show what would be written, write nothing")
    add_resolver_options(parser)


def _target_options(parser: OptionGroup) -> None:
    where = parser.section("where")
    add_member_options(where)
    where.value("-G", "--group", metavar="GROUP", text="a dependency group", dest="to_group")
    where.flag("-D", "--dev", text="the dev group", dest="to_dev")
    where.value("--optional", metavar="EXTRA", text="an extra of the project", dest="to_extra")


def _after_options(parser: OptionGroup) -> None:
    after = parser.section("what to do then")
    after.flag("--no-sync", "--lock", text="write manifests and lock, leave the environment", dest="no_sync")
    after.flag("--frozen", text="write manifests only, without resolving")
    after.flag("--locked", text="fail when the lock was not fresh before")
    after.flag("--dry-run", text="show what would change, write nothing")
    add_resolver_options(parser)


def _catalog_options(parser: OptionGroup) -> None:
    after = parser.section("what to do then")
    after.flag("--no-sync", "--lock", text="write manifests and lock, leave the environment", dest="no_sync")
    after.flag("--frozen", text="write manifests only, without resolving")
    after.flag("--locked", text="fail when the lock was not fresh before")
    after.flag("--dry-run", text="show what would change, write nothing")


def _catalog_set_options(parser: OptionGroup) -> None:
    parser.words("ranges", metavar="RANGE", text="a name with its range: 'httpx>=0.27,<1'")
    parser.value("--catalog", metavar="NAME", text="into a catalog of its own, by name")
    _catalog_options(parser)


def _catalog_adopt_options(parser: OptionGroup) -> None:
    parser.words(
        "names", metavar="NAME", text="these, whatever range there is now (default: all with the same or none)"
    )
    parser.repeat("--package", dest="package", metavar="MEMBER", text="only this member (repeatable)")
    _catalog_options(parser)


EDITING = (
    Command(
        ("add",),
        "add",
        "Add dependencies to manifests, lock and environment",
        _add_options,
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
        _remove_options,
        (("httpx", "wherever the member lists it"), ("--all-packages -G docs mkdocs", "from a group of every member")),
        usage="[options] PACKAGE ...",
        aliases=(("rm",),),
    ),
    Command(
        ("update",),
        "update",
        "Lock newer versions and install them",
        _update_options,
        (("", "everything, within the bounds of the manifests"), ("httpx anyio --lock", "two packages, lock only")),
        usage="[options] [PACKAGE ...]",
        aliases=(("upgrade",), ("up",)),
    ),
    Command(
        ("catalog", "set"),
        "catalog_edit:run_set",
        "Write ranges that members share into the root, and lock",
        _catalog_set_options,
        (("'httpx>=0.27,<1'", "for everybody who takes it"), ("'django<5' --catalog legacy", "for those who name it")),
        usage="[options] RANGE ...",
    ),
    Command(
        ("catalog", "adopt"),
        "catalog_edit:run_adopt",
        "Have members take the catalog's ranges instead of their own",
        _catalog_adopt_options,
        (("", "where they are the same"), ("httpx --package web", "one, whatever it was")),
        usage="[options] [NAME ...]",
    ),
    Command(
        ("catalog", "dedupe"),
        "catalog_edit:run_dedupe",
        "Move ranges that several members have alike into the catalog",
        _catalog_options,
        (("--dry-run", "see which"), ("--no-sync", "and lock")),
    ),
    Command(
        ("import",),
        "import_projects",
        "Write a project of another tool in the standard form, keeping its locked versions",
        _import_options,
        (
            ("requirements.txt", "from a list of requirements"),
            ("--workspace", "a repository of Poetry projects as one workspace"),
        ),
        usage="[options] [FILE ...]",
        aliases=(("migrate",),),
    ),
)
