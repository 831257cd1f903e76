"""Projects of one repository as members of one workspace: what becomes of their sources and indexes.

What leads to a project of the repository leads to the member. Indexes of the projects become the root's, since a
member's own serve only what its sources name; an explicit one stays explicit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from interlock.core.manifests.manifest import ConflictItem, Manifest, SourceRule
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, Index, Member, Registry
from interlock.core.toml.array import literal
from interlock.core.toml.document import Path, TomlDocument, format_value

__all__ = ["Gathered", "gather", "workspace_root"]


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    manifests: dict[str, Manifest]
    """By path, with sources that lead to members and without indexes."""
    indexes: tuple[Index, ...] = ()
    """For the root."""
    notes: tuple[str, ...] = ()
    """What could not be kept as it was, one sentence each."""


def gather(manifests: Mapping[str, Manifest]) -> Gathered:
    """Join projects, given by their paths below the root. What is not in Poetry's form keeps its own sources."""
    names = {manifest.name: path for path, manifest in manifests.items() if manifest.name is not None}
    notes: list[str] = []
    indexes: dict[str, Index] = {}
    found: dict[str, Manifest] = {}
    for path, manifest in sorted(manifests.items()):
        if manifest.dialect != "poetry":
            found[path] = manifest
            continue
        renamed = _indexes(manifest, indexes, notes)
        sources = {name: _renamed(rules, renamed) for name, rules in manifest.sources.items()}
        sources |= _to_members(manifest, sources, names, notes)
        settings = msgspec.structs.replace(manifest.settings, indexes=())
        found[path] = msgspec.structs.replace(manifest, sources=sources, settings=settings)
    return Gathered(manifests=found, indexes=tuple(indexes.values()), notes=tuple(notes))


def _indexes(manifest: Manifest, known: dict[str, Index], notes: list[str]) -> dict[str, str]:
    """Add a project's indexes to those known; the names that had to change."""
    renamed: dict[str, str] = {}
    for index in manifest.settings.indexes:
        if not index.url:
            continue
        name = index.name
        if name in known and known[name].url != index.url:
            name = renamed[index.name] = f"{index.name}-{manifest.name}"
            notes.append(
                f"{_file(manifest.path)}: its index `{index.name}` is another one than that of others; now {name}."
            )
        if name in known:
            continue
        if index.default and any(one.default for one in known.values()):
            notes.append(
                f"{_file(manifest.path)}: its index `{name}` is not the default any more; there is one for all."
            )
            index = msgspec.structs.replace(index, default=False)
        if not index.explicit:
            notes.append(f"{_file(manifest.path)}: its index `{name}` is asked for all members now.")
        known[name] = msgspec.structs.replace(index, name=name)
    return renamed


def _renamed(rules: tuple[SourceRule, ...], names: Mapping[str, str]) -> tuple[SourceRule, ...]:
    return tuple(
        msgspec.structs.replace(rule, source=Registry(names[rule.source.index]))
        if isinstance(rule.source, Registry) and rule.source.index in names
        else rule
        for rule in rules
    )


def _to_members(
    manifest: Manifest,
    sources: Mapping[NormalizedName, tuple[SourceRule, ...]],
    members: Mapping[NormalizedName, str],
    notes: list[str],
) -> dict[NormalizedName, tuple[SourceRule, ...]]:
    """An entry for each member that is asked for, in the place of whatever was said of it."""
    found: dict[NormalizedName, tuple[SourceRule, ...]] = {}
    for requirement in manifest.every():
        name = requirement.name
        if name not in members or name == manifest.name or name in found:
            continue
        found[name] = (SourceRule(source=Member(name)),)
        rules = sources.get(name, ())
        asked = {(one.specifier, one.marker) for one in manifest.every() if one.name == name}
        led = [rule for rule in rules if isinstance(rule.source, Directory) and rule.source.path == members[name]]
        if len(led) < max(len(rules), len(asked)):
            notes.append(
                f"{_file(manifest.path)}: `{name}` is the member in {members[name]} now, and no more what its source or"
                " an index has by that name."
            )
    return found


def _file(path: str) -> str:
    return "pyproject.toml" if path == "." else f"{path}/pyproject.toml"


def workspace_root(
    data: bytes,
    paths: Iterable[str],
    indexes: Iterable[Index],
    conflicts: Iterable[tuple[ConflictItem, ...]] = (),
) -> bytes:
    """The root's manifest with a workspace of these members. Members in conflict get environments of their own."""
    document = TomlDocument(data, "pyproject.toml")
    tool = document.get(("tool",))
    dialect = "uv" if isinstance(tool, dict) and "uv" in tool and "interlock" not in tool else "interlock"
    table: Path = ("tool", dialect)
    for index in indexes:
        lines = [f"name = {format_value(index.name)}", f"url = {format_value(index.url)}"]
        lines += ["default = true"] if index.default else []
        lines += ["explicit = true"] if index.explicit else []
        document.append_table((*table, "index"), lines)
    members = "".join(f"    {literal(path)},\n" for path in sorted(paths))
    document.set((*table, "workspace", "members"), f"[\n{members}]")
    rows = "".join(f"    {format_value([_item(item) for item in items])},\n" for items in conflicts)
    if rows:
        document.set((*table, "conflicts"), f"[\n{rows}]")
        if dialect == "interlock":
            document.set((*table, "env"), '"member"')
    return document.data


def _item(item: ConflictItem) -> dict[str, str]:
    found = {"package": str(item.member)}
    if item.extra is not None:
        found["extra"] = item.extra
    if item.group is not None:
        found["group"] = item.group
    return found
