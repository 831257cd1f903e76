"""Options that choose members, extras and groups, in uv's and in Poetry's spelling, and how they are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = [
    "add_freshness_options",
    "add_install_options",
    "add_member_options",
    "add_resolver_options",
    "add_selection_options",
    "add_upgrade_options",
]


def add_member_options(group: OptionGroup) -> None:
    group.repeat("--package", dest="package", metavar="MEMBER", text="act on this member (repeatable)")
    group.flag("--all-packages", text="act on every member")


def add_selection_options(parser: OptionGroup, *, poetry_with: bool = True) -> None:
    """``poetry_with``: not for ``run``, where uv's ``--with`` names packages."""
    group = parser.section("what to select")
    add_member_options(group)
    group.repeat("-E", "--extra", "--extras", dest="extra", metavar="EXTRA", text="include an extra (repeatable)")
    group.flag("--all-extras", text="include every extra")
    group.repeat("--no-extra", dest="no_extra", metavar="EXTRA", text="leave an extra out of --all-extras")
    group.repeat("--group", dest="group", metavar="GROUP", text="include a dependency group (repeatable)")
    group.repeat("--no-group", dest="no_group", metavar="GROUP", text="leave a group out")
    group.repeat("--only-group", dest="only_group", metavar="GROUP", text="only this group, no project")
    if poetry_with:
        group.repeat("--with", dest="with_group", metavar="GROUPS", text="Poetry's --group; commas separate")
    group.repeat("--without", dest="without_group", metavar="GROUPS", text="Poetry's --no-group")
    group.repeat("--only", dest="only", metavar="GROUPS", text="Poetry's --only-group; `main` is the project's own")
    group.flag("--all-groups", text="include every group")
    group.flag("--no-default-groups", text="do not include the default groups")
    group.flag("--dev", text="include the dev group")
    group.flag("--no-dev", text="leave the dev group out")
    group.flag("--only-dev", text="only the dev group, no project")


def add_freshness_options(group: OptionGroup) -> None:
    group.flag("--locked", text="fail when the lock does not match the manifests")
    group.flag("--frozen", text="use the lock as it is, without looking at the manifests")


def add_install_options(parser: OptionGroup) -> None:
    group = parser.section("how to install")
    add_freshness_options(group)
    group.flag("--no-editable", text="copy members in instead of linking to their sources")
    group.repeat("--no-editable-package", dest="no_editable_package", metavar="NAME", text="the same for one package")
    group.flag("--no-install-project", text="do not install the selected members, only what they need")
    group.flag("--no-install-workspace", text="do not install any member")
    group.flag("--no-install-local", text="do not install members nor local directories")
    group.repeat("--no-install-package", dest="no_install_package", metavar="NAME", text="do not install this package")
    group.flag("--no-root", text="Poetry's --no-install-project")
    group.flag("--no-directory", text="Poetry's: do not install source trees that are only needed")
    group.flag("--reinstall", text="install again what is there already")
    group.repeat("--reinstall-package", dest="reinstall_package", metavar="NAME", text="the same for one package")
    group.value("--link-mode", metavar="MODE", text="clone, hardlink, copy or symlink")
    group.flag("--compile-bytecode", "--compile", text="compile modules to bytecode")
    group.flag("--active", text="use the environment that is active, not the workspace's own")
    group.flag("--break-system-packages", text="install where the system's package manager asks to be left alone")
    group.value("--env", metavar="KIND", text="shared environment, or one per member", choices=("shared", "member"))


def add_upgrade_options(group: OptionGroup) -> None:
    group.flag("-U", "--upgrade", "--regenerate", text="forget every locked version")
    group.repeat(
        "-P", "--upgrade-package", dest="upgrade_package", metavar="NAME[==V]", text="upgrade this package (repeatable)"
    )
    group.repeat(
        "--upgrade-group", dest="upgrade_group", metavar="GROUP", text="upgrade what a group lists (repeatable)"
    )
    group.flag("--closure", text="with -P: move packages, too, that those upgraded do not need")


def add_resolver_options(parser: OptionGroup) -> None:
    group = parser.section("how to resolve")
    group.value("--resolution", metavar="HOW", text="highest, lowest or lowest-direct")
    group.value("--prerelease", metavar="WHEN", text="disallow, allow, if-necessary or explicit")
    group.value("--index-strategy", metavar="HOW", text="first-index, unsafe-first-match or unsafe-best-match")
    group.flag("--no-build", text="never build from source")
    group.repeat("--no-build-package", dest="no_build_package", metavar="NAME", text="never build this package")
    group.flag("--no-sources", text="take requirements as published, without the sources tables")
    group.repeat("--no-sources-package", dest="no_sources_package", metavar="NAME", text="the same for one package")
    group.flag("--no-binary", text="never use wheels")
    group.repeat("--no-binary-package", dest="no_binary_package", metavar="NAME", text="never use its wheels")
