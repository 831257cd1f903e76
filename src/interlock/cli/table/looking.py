"""The commands that only look, and their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command, no_options
from interlock.cli.table.selection_options import add_freshness_options, add_resolver_options, add_selection_options

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["LOOKING"]


def _why_options(parser: OptionGroup) -> None:
    parser.word("name", metavar="PACKAGE", text="the package to explain")
    parser.flag("--here", text="only what holds for this platform and Python")
    add_selection_options(parser)
    add_freshness_options(parser)


def _outdated_options(parser: OptionGroup) -> None:
    parser.flag("-a", "--all", text="show what is up to date too")
    parser.flag("-T", "--top-level", text="only what the members ask for themselves")
    parser.flag("--exit-code", text="exit 1 when something is outdated")
    add_selection_options(parser)
    add_freshness_options(parser)


def _affected_options(parser: OptionGroup) -> None:
    parser.word("revision", metavar="REF", text="git revision to compare with (default: HEAD)")
    parser.value("--since", metavar="REF", text="the same")
    parser.flag("--why", text="show what says that each is affected")
    parser.flag("--paths", text="show directories instead of names")
    parser.flag("--matrix", text="show one line of JSON, for a CI's job matrix")
    add_freshness_options(parser)


def _check_options(parser: OptionGroup) -> None:
    parser.flag("--lock", text="a lock that is missing or out of date is an error")
    parser.flag("--strict", text="exit 1 for warnings too")
    parser.value("--format", metavar="KIND", text="text, or github for its annotations", choices=("text", "github"))
    parser.flag("--catalog", text="compare what members ask for with the catalog's ranges")
    parser.flag("--imports", text="compare what sources import with what manifests declare")
    parser.repeat("--package", dest="package", metavar="MEMBER", text="with --imports: only of this member")


def _licenses_options(parser: OptionGroup) -> None:
    parser.repeat("--deny", dest="deny", metavar="TEXT", text="exit 1 when a license has this in it (repeatable)")
    add_selection_options(parser)
    add_freshness_options(parser)


def _audit_options(parser: OptionGroup) -> None:
    parser.repeat(
        "--advisories", dest="advisories", metavar="PLACE", text="folder, zip or URL of OSV records (repeatable)"
    )
    parser.value(
        "--format", metavar="KIND", text="text, json, or sarif for code hosts", choices=("text", "json", "sarif")
    )
    add_selection_options(parser)
    add_freshness_options(parser)


def _info_options(parser: OptionGroup) -> None:
    parser.word("name", metavar="PACKAGE", text="its exact name")


def _explain_options(parser: OptionGroup) -> None:
    parser.word("code", metavar="CODE", text="what stands in brackets: no-solution")


def _resolve_options(parser: OptionGroup) -> None:
    parser.words("requirements", metavar="PACKAGE", text="resolve these instead of the workspace")
    parser.flag("--tree", text="show as a tree")
    parser.flag("-U", "--upgrade", text="forget what is locked")
    add_resolver_options(parser)


def _tags_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="of this interpreter")


LOOKING = (
    Command(
        ("catalog", "show"),
        "catalog_show",
        "List the ranges that members share, and who takes them",
        no_options,
        (("", "for people"), ("--json", "for scripts")),
    ),
    Command(
        ("why",),
        "why",
        "Show every path from a member to a package",
        _why_options,
        (("idna", "from every member"), ("idna --package web --json", "from one, for scripts")),
        usage="[options] PACKAGE",
    ),
    Command(
        ("affected",),
        "affected",
        "List the members that a change touches, by files, graph and lock",
        _affected_options,
        (("--since main", "what this branch touches"), ("--since origin/main --matrix", "for the jobs of a CI")),
        usage="[options] [REF]",
    ),
    Command(
        ("outdated",),
        "outdated",
        "Show what is locked, what an update would bring, and what is newest",
        _outdated_options,
        (("", "everything that is old"), ("--package web --top-level", "what one member asks for itself")),
    ),
    Command(
        ("check",),
        "check",
        "Look for mistakes in manifests and lock",
        _check_options,
        (
            ("--lock --strict", "manifests and lock, in CI"),
            ("--imports --package web", "also what it imports and does not declare, or declares for nothing"),
        ),
    ),
    Command(
        ("licenses",),
        "licenses",
        "List the licenses of what is installed",
        _licenses_options,
        (("", "all of them"), ("--deny AGPL --deny SSPL", "fail when one of these is there")),
    ),
    Command(
        ("audit",),
        "audit",
        "Show what is known against what is locked, who needs it, and what mends it",
        _audit_options,
        (
            ("--advisories ./osv", "by a folder of OSV records"),
            ("--package web --format sarif", "what one member needs, for a code host"),
        ),
    ),
    Command(
        ("info",),
        "info",
        "Describe a package as its index has it",
        _info_options,
        (("httpx", "versions, needs and files"), ("httpx --json", "for scripts")),
        usage="[options] PACKAGE",
        aliases=(("search",),),
    ),
    Command(
        ("explain",),
        "explain",
        "Say what the code of an error or a warning means, and what to do",
        _explain_options,
        (("no-solution", "the code that stands in brackets"), ("lock-outdated --json", "for editors and bots")),
        usage="[options] CODE",
    ),
    Command(
        ("about",),
        "about",
        "Show versions and places of this program",
        no_options,
        (("", "for people"), ("--json", "for a report")),
        aliases=(("debug", "info"),),
    ),
    Command(
        ("debug", "resolve"),
        "debug_resolve",
        "Show what would be resolved, write nothing",
        _resolve_options,
        (("", "the workspace"), ("'httpx>=0.27' --tree --python 3.12", "some packages alone")),
        usage="[options] [PACKAGE ...]",
    ),
    Command(
        ("debug", "verify-lock"),
        "debug_verify_lock",
        "Judge the lock by manifests and metadata",
        no_options,
        (("", "what is wrong, where, and for whom"), ("--offline --json", "by what the cache has, for scripts")),
    ),
    Command(
        ("debug", "tags"),
        "debug_tags",
        "List the wheel tags of an interpreter",
        _tags_options,
        (("", "of the one that would be used"), ("3.12", "of another one")),
        usage="[options] [PYTHON]",
    ),
)
