"""Options of the commands that make releases: build, version and publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.options_selection import add_member_options

if TYPE_CHECKING:
    from interlock.cli.option_group import OptionGroup

__all__ = ["build_options", "version_options"]


def build_options(parser: OptionGroup) -> None:
    add_member_options(parser)
    parser.flag("--sdist", text="build only the source archive")
    parser.flag("--wheel", text="build only the wheel, from the member's own tree")
    parser.value("-o", "--out-dir", metavar="DIR", text="where files go (default: dist at the workspace's root)")
    parser.flag("--clear", "--clean", dest="clear", text="remove files of other builds from there, once all is built")
    parser.flag("--verify", text="install each wheel in a clean environment and try it")
    group = parser.section("how to build")
    group.repeat(
        "-c",
        "--config-setting",
        "--config-settings",
        dest="config_setting",
        metavar="KEY=VALUE",
        text="setting for the build backends (repeatable)",
    )
    group.repeat(
        "-b",
        "--build-constraint",
        "--build-constraints",
        dest="build_constraint",
        metavar="FILE",
        text="constrain build requirements to the versions in FILE (repeatable)",
    )
    group.flag("--no-sources", text="take members that are build requirements from the index")
    group.number("--timeout", metavar="SECONDS", text="end a backend that takes longer")


def version_options(parser: OptionGroup) -> None:
    parser.word("value", metavar="VERSION", text="version to set, or a rule: patch, minor, major, prerelease, ...")
    add_member_options(parser)
    parser.value("--changed", metavar="REF", text="act on members with files that changed since a git reference")
    parser.repeat(
        "--bump", dest="bump", metavar="PART", text="raise major, minor, patch, stable, alpha, beta, rc, post or dev"
    )
    parser.flag("--next-phase", text="with prerelease: from alpha to beta to rc to the release")
    parser.value(
        "--dependents",
        metavar="HOW",
        text="members that need a raised one: patch, same or none",
        choices=("patch", "same", "none"),
    )
    parser.flag("-s", "--short", text="show only the version")
    parser.flag("--dry-run", text="show what would change, write nothing")
    parser.flag("--frozen", text="for uv's sake; the lock never changes", hidden=True)
