"""The sources table of a tool table: where named packages come from (``[tool.uv.sources]`` and its like).

A path is written relative to the file it stands in and kept relative to the workspace root; one that is absolute stays
so here and is made relative where the root's place is known.
"""

from __future__ import annotations

import posixpath
import re

import msgspec

from interlock.core.manifests.manifest import SourceRule
from interlock.core.manifests.problems import suggest
from interlock.core.manifests.table import Table
from interlock.core.names import NormalizedName, is_name, normalize_extra, normalize_group, normalize_name
from interlock.core.sources.addresses import address_problem
from interlock.core.sources.direct_references import (
    is_archive,
    is_fetchable,
    join_path,
    local_path,
    parse_url_source,
    without_credentials,
)
from interlock.core.sources.git_reference import KINDS, GitReference
from interlock.core.sources.git_url import redact_url
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url

__all__ = ["parse_source_rule", "parse_sources"]

_KINDS = ("workspace", "path", "git", "url", "index")
_CONDITIONS = ("marker", "extra", "group")
_KEYS = {
    "workspace": ("workspace", "editable"),
    "path": ("path", "editable", "package", "subdirectory"),
    "git": ("git", "branch", "tag", "rev", "subdirectory", "lfs"),
    "url": ("url", "subdirectory"),
    "index": ("index",),
}
_SCP = re.compile(r"(?P<user>[A-Za-z0-9_.-]+)@(?P<host>[A-Za-z0-9.-]+):(?P<path>(?!/).+)")


def parse_sources(table: Table, path: str) -> dict[NormalizedName, tuple[SourceRule, ...]]:
    """Read a sources table of the manifest in a directory."""
    found: dict[NormalizedName, tuple[SourceRule, ...]] = {}
    for key in table.values:
        if not is_name(key):
            table.problem(key, "is not a package name.")
            continue
        name = normalize_name(key)
        if name in found:
            table.problem(key, "has two entries; names are the same when they differ in case, `-`, `_` and `.` only.")
            continue
        rules = tuple(
            rule
            for entry in table.tables(key, single=True)
            if (rule := parse_source_rule(entry, name, path)) is not None
        )
        if len(rules) > 1 and any(not rule.marker and rule.extra is None and rule.group is None for rule in rules):
            table.problem(
                key, "has several entries, so each needs a `marker`, `extra` or `group` that says when it counts."
            )
        found[name] = rules
    return found


def parse_source_rule(table: Table, name: NormalizedName, path: str) -> SourceRule | None:
    """One entry of a sources table; None after noting what is wrong with it."""
    kinds = [kind for kind in _KINDS if kind in table]
    where, key = table.where[:-1], table.where[-1]
    if len(kinds) != 1:
        near = kinds or sorted(table.values)
        hint = "" if kinds else "".join(suggest(word, _KINDS) for word in near[:1])
        table.problems.add((*where, key), f"needs exactly one of {', '.join(f'`{kind}`' for kind in _KINDS)}.{hint}")
        return None
    kind = kinds[0]
    allowed = (*_KEYS[kind], *_CONDITIONS)
    for word in table.values:
        if word not in allowed:
            table.problems.add(
                (*where, key), f"has `{word}`, which a {kind} source does not have.{suggest(word, allowed)}"
            )
    if table.values.get("package") is True:
        table.problems.warn(f"`{'.'.join((*where, key))}`: `package` is not honoured.")
    source = _SOURCES[kind](table, name, path)
    if source is None:
        return None
    extra, group = table.text("extra"), table.text("group")
    if extra is not None and group is not None:
        table.problems.add((*where, key), "has both `extra` and `group`; write two entries.")
    return SourceRule(
        source=source,
        marker=table.marker("marker"),
        extra=normalize_extra(extra) if extra is not None else None,
        group=normalize_group(group) if group is not None else None,
        editable=table.flag("editable"),
        workspace=isinstance(source, Directory) and kind == "workspace",
    )


def _member(table: Table, name: NormalizedName, path: str) -> Source | None:
    value = table.values["workspace"]
    if value is True:
        return Member(name)
    if isinstance(value, str) and value and "://" not in value:
        return Directory(path=join_path(path, value), editable=table.flag("editable") is not False)
    key = table.where[-1]
    table.problems.add(
        table.where,
        f"`workspace` can only be true or the path of another workspace; leave `{key}` out to take it from an index.",
    )
    return None


def _path(table: Table, _: NormalizedName, path: str) -> Source | None:
    written = table.text("path")
    if not written:
        table.problems.add(table.where, "needs a path.")
        return None
    local = local_path(written)
    if local is None:
        table.problems.add(table.where, f"has the path `{written}`, which is a URL.")
        return None
    place = join_path(path, local)
    if is_archive(place):
        return File(path=place, subdirectory=table.text("subdirectory") or "")
    return Directory(path=place, editable=table.flag("editable") or False)


def _git(table: Table, _: NormalizedName, path: str) -> Source | None:
    written = table.text("git")
    if not written:
        table.problems.add(table.where, "needs the URL of a repository.")
        return None
    chosen = [GitReference(kind, text) for kind in KINDS if (text := table.text(kind)) is not None]
    if len(chosen) > 1:
        table.problems.add(table.where, "can have only one of `branch`, `tag` and `rev`.")
    problem = address_problem(written) if "://" in written and not written.startswith("file:") else ""
    if problem:
        table.problems.add(table.where, f"has the repository `{redact_url(written)}`: {problem}.")
        return None
    return Git(
        url=_repository(written, path),
        reference=str(chosen[0]) if chosen else "",
        subdirectory=_subdirectory(table),
        lfs=table.flag("lfs") or False,
    )


def _repository(written: str, path: str) -> str:
    url = written.removeprefix("git+")
    short = _SCP.fullmatch(url)
    if short is not None:
        return f"ssh://{short['user']}@{short['host']}/{short['path']}"
    return without_credentials(url) if "://" in url else join_path(path, url)


def _url(table: Table, _: NormalizedName, path: str) -> Source | None:
    written = table.text("url") or ""
    if not is_fetchable(written):
        table.problems.add(table.where, f"has `{written}`, which is not a URL that can be fetched.")
        return None
    # A file: URL is a place on this machine, which is kept as a path.
    source, subdirectory = parse_url_source(written, path), _subdirectory(table)
    if not subdirectory or not isinstance(source, Url | File):
        return source
    return msgspec.structs.replace(source, subdirectory=subdirectory)


def _index(table: Table, _: NormalizedName, __: str) -> Source | None:
    name = table.text("index")
    return Registry(name) if name else None


def _subdirectory(table: Table) -> str:
    text = table.text("subdirectory") or ""
    if text.startswith("/") or ".." in text.split("/"):
        table.problems.add(table.where, f"has the subdirectory `{text}`, which is outside of the tree.")
    return posixpath.normpath(text) if text else ""


_SOURCES = {"workspace": _member, "path": _path, "git": _git, "url": _url, "index": _index}
