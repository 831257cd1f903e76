"""Options every command takes; each has an ``INTERLOCK_*`` variable of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["add_global_options"]


def add_global_options(group: OptionGroup) -> None:
    group.value("-C", "--directory", metavar="DIR", text="act as if started in DIR")
    group.value("--project", metavar="DIR", text="look for the workspace from DIR upward")
    group.value("-p", "--python", metavar="PYTHON", text="interpreter: 3.12, pypy@3.11, a path")
    group.flag("--offline", text="use only what is in the cache")
    group.value("--cache-dir", metavar="DIR", text="where downloads and builds are kept")
    group.flag("--no-cache", text="use a temporary cache for this command")
    group.value("--default-index", metavar="URL", text="index used instead of PyPI")
    group.repeat("--index", dest="index", metavar="NAME=URL", text="index to look at first (repeatable)")
    group.repeat("-f", "--find-links", dest="find_links", metavar="PLACE", text="directory or page of files")
    group.flag("--no-index", text="use only --find-links")
    group.value("--exclude-newer", metavar="WHEN", text="ignore later uploads: 2026-03-01, 7 days")
    group.repeat("--allow-insecure-host", dest="allow_insecure_host", metavar="HOST", text="do not verify its TLS")
    group.value("--keyring-provider", metavar="KIND", text="disabled, auto, import or subprocess")
    group.flag("--json", text="write one JSON document to stdout")
    group.flag("--log-json", text="write what happens to stderr, one JSON object per line")
    group.count("-q", "--quiet", dest="quiet", text="say less (repeatable)")
    group.count("-v", "--verbose", dest="verbose", text="say more (repeatable)")
    group.value("--color", metavar="WHEN", text="auto, always or never", choices=("auto", "always", "never"))
    group.constant("--ansi", dest="color", const="always", text="", hidden=True)
    group.constant("--no-ansi", dest="color", const="never", text="", hidden=True)
    group.flag("--no-progress", text="no progress on the terminal")
    group.flag("-n", "--no-interaction", dest="no_interaction", text="", hidden=True)
    group.flag("--no-plugins", text="", hidden=True)
    group.flag("-V", "--version", dest="version", text="show the version")
    group.flag("-h", "--help", dest="help", text="show help, also after a command")
