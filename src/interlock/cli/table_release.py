"""The commands that make releases."""

from __future__ import annotations

from interlock.cli import options_release as release
from interlock.cli.command import Command

__all__ = ["RELEASE"]

RELEASE = (
    Command(
        ("build",),
        "build",
        "Build sdists and wheels of members",
        release.build_options,
        (
            ("--all-packages", "every member, those that others need for building first"),
            ("--package web --wheel -o out", "one wheel, into out/"),
        ),
    ),
    Command(
        ("prune",),
        "prune",
        "Write the part of the workspace that members need, for a container's build",
        release.prune_options,
        (
            ("--package web -o out", "manifests and lock in out/manifests, with sources in out/full"),
            ("--package web --no-dev -o out", "without members that only its dev group needs"),
        ),
    ),
    Command(
        ("deploy",),
        "deploy",
        "Make an environment for members that runs without the workspace",
        release.deploy_options,
        (
            ("--package web -o /srv/web", "what it needs to run, compiled, as copies"),
            ("--package web --extra metrics -o web", "with an extra"),
        ),
    ),
    Command(
        ("version",),
        "version",
        "Show, set and raise the versions of members",
        release.version_options,
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
        release.publish_options,
        (
            ("--all-packages --dry-run", "check everything, upload nothing"),
            ("--unpublished -r company --resume", "what the index does not have yet, after an interruption"),
        ),
    ),
)
