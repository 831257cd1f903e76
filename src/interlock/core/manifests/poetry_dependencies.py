"""One table of dependencies in Poetry's spelling: ``name = "^1"``, tables, and lists of them."""

from __future__ import annotations

import msgspec

from interlock.core.manifests.manifest import SourceRule
from interlock.core.manifests.sources import parse_source_rule
from interlock.core.manifests.table import Table
from interlock.core.names import NormalizedName, is_name, normalize_extra, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.versions.poetry_constraint import InvalidConstraint, platform_marker, python_marker, specifier_of
from interlock.core.versions.version_list import mentions_prerelease, parse_specifier

__all__ = ["PoetryDependency", "parse_dependencies"]

_KEYS = (
    "version",
    "python",
    "platform",
    "markers",
    "extras",
    "optional",
    "source",
    "allow-prereleases",
    "allows-prereleases",
    "develop",
    "git",
    "branch",
    "tag",
    "rev",
    "path",
    "file",
    "url",
    "subdirectory",
)
_DIRECT = ("git", "path", "file", "url")


class PoetryDependency(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    requirements: tuple[Requirement, ...] = ()
    """One per entry of a list, with disjoint markers."""
    rules: tuple[SourceRule, ...] = ()
    optional: bool = False
    """Only wanted through an extra."""
    only_finals: bool = False
    """No pre-release will do, not even where nothing else is there."""


def parse_dependencies(table: Table, path: str) -> list[PoetryDependency]:
    """Read the table of the manifest in a directory; what is wrong with an entry is noted in the table's problems."""
    found = []
    for key, value in table.values.items():
        if not is_name(key):
            table.problem(key, "is not a package name.")
            continue
        name = normalize_name(key)
        entries = value if isinstance(value, list) else [value]
        parsed = [_entry(table, key, name, entry, path) for entry in entries if key.lower() != "python"]
        whole = [item for item in parsed if item is not None]
        found.append(
            PoetryDependency(
                name=name,
                requirements=tuple(item.requirements[0] for item in whole),
                rules=tuple(rule for item in whole for rule in item.rules),
                optional=any(item.optional for item in whole),
                only_finals=any(item.only_finals for item in whole),
            )
        )
    return found


def _entry(table: Table, key: str, name: NormalizedName, value: object, path: str) -> PoetryDependency | None:
    if isinstance(value, str):
        value = {"version": value}
    if not isinstance(value, dict):
        table.problem(key, "must be a version, a table or a list of these.")
        return None
    entry = Table(value, (*table.where, key), table.problems)
    for word in value:
        if word not in _KEYS:
            entry.problems.warn(f"`{'.'.join(entry.where)}`: `{word}` is not a known key and is not honoured.")
    direct = any(word in value for word in _DIRECT)
    marker = _marker(entry)
    requirement = Requirement(
        name=name,
        specifier="" if direct else _specifier(entry),
        marker=marker,
        extras=tuple(sorted({normalize_extra(extra) for extra in entry.texts("extras")})),
    )
    rule = _rule(entry, key, name, path, marker)
    return PoetryDependency(
        name=name,
        requirements=(requirement,),
        rules=(rule,) if rule is not None else (),
        optional=entry.flag("optional") or False,
        only_finals=_prereleases(entry) is False,
    )


def _specifier(entry: Table) -> str:
    text = entry.text("version") or "*"
    try:
        clauses = specifier_of(text)
    except InvalidConstraint as error:
        entry.problem("version", f"is not understood: {error.message}.", near=text)
        return ""
    if _prereleases(entry) and not mentions_prerelease(clauses):
        # A clause that admits everything and names a pre-release: that is how a requirement opts in (PEP 440).
        clauses = f"{clauses},>=0.dev0" if clauses else ">=0.dev0"
    return ",".join(sorted(str(clause) for clause in parse_specifier(clauses)))


def _prereleases(entry: Table) -> bool | None:
    """Said either way, or left to what is there; older files spell it ``allows-prereleases``."""
    said = entry.flag("allow-prereleases")
    return said if said is not None else entry.flag("allows-prereleases")


def _marker(entry: Table) -> str:
    parts = [entry.marker("markers")]
    for key, convert in (("python", python_marker), ("platform", platform_marker)):
        text = entry.text(key)
        try:
            parts.append(convert(text) if text else "")
        except InvalidConstraint as error:
            entry.problem(key, f"is not understood: {error.message}.", near=text or "")
    found = [part for part in parts if part]
    if len(found) > 1:
        found = [f"({part})" if " or " in part else part for part in found]
    return entry.checked_marker("markers", " and ".join(found))


def _rule(entry: Table, key: str, name: NormalizedName, path: str, marker: str) -> SourceRule | None:
    values: dict[str, object] = {
        word: entry.values[word]
        for word in ("git", "branch", "tag", "rev", "path", "url", "subdirectory")
        if word in entry.values
    }
    if "file" in entry.values:
        values["path"] = entry.values["file"]
    if "path" in values:
        values.pop("subdirectory", None)
        if "develop" in entry.values:
            values["editable"] = entry.values["develop"]
    if "source" in entry.values:
        values["index"] = entry.values["source"]
    if not values:
        return None
    rule = parse_source_rule(Table(values, (*entry.where[:-1], key), entry.problems), name, path)
    return msgspec.structs.replace(rule, marker=marker) if rule is not None else None
