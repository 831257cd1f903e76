"""Options of the commands that only look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.options_selection import add_freshness_options, add_resolver_options, add_selection_options

if TYPE_CHECKING:
    from interlock.cli.option_group import OptionGroup

__all__ = [
    "affected_options",
    "check_options",
    "info_options",
    "licenses_options",
    "no_options",
    "outdated_options",
    "resolve_options",
    "tags_options",
    "why_options",
]


def no_options(parser: OptionGroup) -> None:
    del parser


def why_options(parser: OptionGroup) -> None:
    parser.word("name", metavar="PACKAGE", text="the package to explain")
    parser.flag("--here", text="only what holds for this platform and Python")
    add_selection_options(parser)
    add_freshness_options(parser)


def outdated_options(parser: OptionGroup) -> None:
    parser.flag("-a", "--all", text="show what is up to date too")
    parser.flag("-T", "--top-level", text="only what the members ask for themselves")
    parser.flag("--exit-code", text="exit 1 when something is outdated")
    add_selection_options(parser)
    add_freshness_options(parser)


def affected_options(parser: OptionGroup) -> None:
    parser.word("revision", metavar="REF", text="git revision to compare with (default: HEAD)")
    parser.value("--since", metavar="REF", text="the same")
    parser.flag("--why", text="show what says that each is affected")
    parser.flag("--paths", text="show directories instead of names")
    parser.flag("--matrix", text="show one line of JSON, for a CI's job matrix")
    add_freshness_options(parser)


def check_options(parser: OptionGroup) -> None:
    parser.flag("--lock", text="a lock that is missing or out of date is an error")
    parser.flag("--strict", text="exit 1 for warnings too")


def licenses_options(parser: OptionGroup) -> None:
    parser.repeat("--deny", dest="deny", metavar="TEXT", text="exit 1 when a license has this in it (repeatable)")
    add_selection_options(parser)
    add_freshness_options(parser)


def info_options(parser: OptionGroup) -> None:
    parser.word("name", metavar="PACKAGE", text="its exact name")


def resolve_options(parser: OptionGroup) -> None:
    parser.words("requirements", metavar="PACKAGE", text="resolve these instead of the workspace")
    parser.flag("--tree", text="show as a tree")
    parser.flag("-U", "--upgrade", text="forget what is locked")
    add_resolver_options(parser)


def tags_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="of this interpreter")
