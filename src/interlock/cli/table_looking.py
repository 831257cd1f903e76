"""The commands that only look."""

from __future__ import annotations

from interlock.cli import options_looking as looking
from interlock.cli.command import Command

__all__ = ["LOOKING"]

LOOKING = (
    Command(
        ("why",),
        "why",
        "Show every path from a member to a package",
        looking.why_options,
        (("idna", "from every member"), ("idna --package web --json", "from one, for scripts")),
        usage="[options] PACKAGE",
    ),
    Command(
        ("affected",),
        "affected",
        "List the members that a change touches, by files, graph and lock",
        looking.affected_options,
        (("--since main", "what this branch touches"), ("--since origin/main --matrix", "for the jobs of a CI")),
        usage="[options] [REF]",
    ),
    Command(
        ("outdated",),
        "outdated",
        "Show what is locked, what an update would bring, and what is newest",
        looking.outdated_options,
        (("", "everything that is old"), ("--package web --top-level", "what one member asks for itself")),
    ),
    Command(
        ("check",),
        "check",
        "Look for mistakes in manifests and lock",
        looking.check_options,
        (("", "manifests, and the lock when there is one"), ("--lock --strict", "in CI")),
    ),
    Command(
        ("licenses",),
        "licenses",
        "List the licenses of what is installed",
        looking.licenses_options,
        (("", "all of them"), ("--deny AGPL --deny SSPL", "fail when one of these is there")),
    ),
    Command(
        ("info",),
        "info",
        "Describe a package as its index has it",
        looking.info_options,
        (("httpx", "versions, needs and files"), ("httpx --json", "for scripts")),
        usage="[options] PACKAGE",
        aliases=(("search",),),
    ),
    Command(
        ("about",),
        "about",
        "Show versions and places of this program",
        looking.no_options,
        (("", "for people"), ("--json", "for a report")),
        aliases=(("debug", "info"),),
    ),
    Command(
        ("debug", "resolve"),
        "debug_resolve",
        "Show what would be resolved, write nothing",
        looking.resolve_options,
        (("", "the workspace"), ("'httpx>=0.27' --tree --python 3.12", "some packages alone")),
        usage="[options] [PACKAGE ...]",
    ),
    Command(
        ("debug", "tags"),
        "debug_tags",
        "List the wheel tags of an interpreter",
        looking.tags_options,
        (("", "of the one that would be used"), ("3.12", "of another one")),
        usage="[options] [PYTHON]",
    ),
)
