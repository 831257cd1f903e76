"""The commands that make releases, and their options: build, prune, deploy, version and publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command
from interlock.cli.table.selection_options import add_member_options, add_selection_options

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["RELEASE"]


def _build_options(parser: OptionGroup) -> None:
    add_member_options(parser)
    parser.value("--affected", metavar="REF", text="act on members that a change since REF touches")
    parser.flag("--sdist", text="build only the source archive")
    parser.flag("--wheel", text="build only the wheel, from the member's own tree")
    parser.value("-f", "--format", metavar="KIND", text="the same in Poetry's words", choices=("sdist", "wheel"))
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
    group.value(
        "-l",
        "--local-version",
        metavar="LABEL",
        text="add a local label to versions, with poetry-core; the same as -c local-version=LABEL",
    )
    group.repeat(
        "-b",
        "--build-constraint",
        "--build-constraints",
        dest="build_constraint",
        metavar="FILE",
        text="constrain build requirements to the versions in FILE (repeatable)",
    )
    group.flag("--require-hashes", text="let those constraints name a hash for each build requirement")
    group.flag("--no-sources", text="take members that are build requirements from the index")
    group.number("--timeout", metavar="SECONDS", text="end a backend that takes longer")


def _prune_options(parser: OptionGroup) -> None:
    parser.value("-o", "--output", metavar="DIR", text="where the part of the workspace goes")
    add_selection_options(parser)
    parser.flag("--frozen", text="do not look whether the lock is fresh")


def _deploy_options(parser: OptionGroup) -> None:
    parser.value("-o", "--output", metavar="DIR", text="where the environment goes")
    parser.flag("--no-compile-bytecode", text="do not compile modules to bytecode")
    add_selection_options(parser)
    parser.flag("--frozen", text="do not look whether the lock is fresh")
    parser.value("--link-mode", metavar="MODE", text="copy (the default), clone, hardlink or symlink")


def _version_options(parser: OptionGroup) -> None:
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


def _publish_options(parser: OptionGroup) -> None:
    add_member_options(parser)
    parser.flag("--unpublished", text="act on every member whose version is not on the index")
    parser.flag("--build", text="build what is selected first")
    parser.value("--dist-dir", metavar="DIR", text="where the files are (default: dist at the workspace's root)")
    parser.flag("--dry-run", text="check everything and show what would be uploaded")
    parser.flag("--resume", text="go on where an interrupted run stopped")
    parser.flag("--skip-existing", text="leave files alone that are there with other content")
    parser.number("--wait", metavar="SECONDS", text="how long the index may take to show a file (default: 300)")
    place = parser.section("where to")
    place.value("-r", "--repository", metavar="NAME", text="an index with a publish-url")
    place.value("--publish-url", metavar="URL", text="upload to this address")
    place.value("--check-url", metavar="URL", text="simple API that shows what is there; empty: do not look")
    place.value("--cert", metavar="FILE", text="trust these certificates too")
    place.value("--client-cert", metavar="FILE", text="show this certificate")
    login = parser.section("as whom")
    login.value("-u", "--username", metavar="USER", text="user")
    login.value("-p", "--password", metavar="PASSWORD", text="password; safer: INTERLOCK_PUBLISH_PASSWORD")
    login.value("-t", "--token", metavar="TOKEN", text="token; or INTERLOCK_PUBLISH_TOKEN")
    login.value(
        "--trusted-publishing",
        metavar="WHEN",
        text="a token for the identity of the CI: automatic, always or never",
        choices=("automatic", "always", "never"),
    )
    login.flag("--attest", text="sign the files with the identity of the CI")
    login.flag("--no-attestations", text="do not upload attestations that lie beside the files")


RELEASE = (
    Command(
        ("build",),
        "build",
        "Build sdists and wheels of members",
        _build_options,
        (
            ("--all-packages", "every member, those that others need for building first"),
            ("--package web --wheel -o out", "one wheel, into out/"),
        ),
    ),
    Command(
        ("prune",),
        "prune",
        "Write the part of the workspace that members need, for a container's build",
        _prune_options,
        (
            ("--package web -o out", "manifests and lock in out/manifests, with sources in out/full"),
            ("--package web --no-dev -o out", "without members that only its dev group needs"),
        ),
    ),
    Command(
        ("deploy",),
        "deploy",
        "Make an environment for members that runs without the workspace",
        _deploy_options,
        (
            ("--package web -o /srv/web", "what it needs to run, compiled, as copies"),
            ("--package web --extra metrics -o web", "with an extra"),
        ),
    ),
    Command(
        ("version",),
        "version",
        "Show, set and raise the versions of members",
        _version_options,
        (
            ("--all-packages", "the versions of all members"),
            ("--bump minor --changed v1.4 --dependents patch", "what changed since a tag, and what needs it"),
        ),
        usage="[options] [VERSION]",
    ),
    Command(
        ("publish",),
        "publish",
        "Upload the files of members, dependencies first",
        _publish_options,
        (
            ("--all-packages --dry-run", "check everything, upload nothing"),
            ("--unpublished -r company --resume", "what the index does not have yet, after an interruption"),
        ),
    ),
)
