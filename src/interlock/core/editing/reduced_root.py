"""The manifest of a workspace's root, cut down to what a part of the workspace uses.

A root that is in the part keeps its file but for what is about others. One that is not becomes a virtual root, written
anew: of its file nothing else counts for the members.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeGuard

import msgspec

from interlock.core.manifests.manifest import ConflictItem, Manifest
from interlock.core.manifests.settings import BUILD_KEYS, RESOLUTION_KEYS
from interlock.core.names import NormalizedName, is_name, normalize_group, normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.sources.index_order import DEFAULT_INDEX
from interlock.core.sources.source import Index
from interlock.core.toml.document import Path, TomlDocument, format_key, format_value

__all__ = ["RootUse", "reduce_root"]

_FOR_BUILDS = (*BUILD_KEYS, "cache-keys", "env", "internal-bounds", "build", "catalog")
_BY_NAME = frozenset(
    {
        "constraint-dependencies",
        "override-dependencies",
        "prerelease-package",
        "exclude-newer-package",
        "dependency-metadata",
        "no-build-package",
        "no-binary-package",
        "no-sources-package",
        "no-build-isolation-package",
        "config-settings-package",
        "extra-build-dependencies",
    }
)


class RootUse(msgspec.Struct, frozen=True, kw_only=True):
    """What of the root a part of its workspace uses."""

    is_member: bool
    """The root is a project that is in the part."""
    paths: tuple[str, ...]
    """Of the members, but for the root."""
    names: frozenset[str]
    """Packages and members that are in the part or that it is built with."""
    sources: frozenset[str]
    """Names that something in the part asks for."""
    indexes: frozenset[str]
    """Indexes that packages of the part come from."""
    groups: frozenset[str] = frozenset()
    """Of a virtual root."""
    conflicts: frozenset[tuple[ConflictItem, ...]] = frozenset()


def reduce_root(data: bytes, manifest: Manifest, use: RootUse) -> bytes:
    """The file for the part. ``manifest`` is what the root's says."""
    document = TomlDocument(data, "pyproject.toml")
    dialect = "interlock" if manifest.dialect == "interlock" else "uv"
    written = document.get(("tool", dialect))
    table = _reduced(written if isinstance(written, dict) else {}, manifest, use)
    if not use.is_member:
        if document.get(("tool", "poetry", "source")) is not None:
            # They would go with Poetry's table; what they are called is in the lock.
            known = [
                _written(index)
                for index in manifest.settings.indexes
                if not index.explicit or index.name in use.indexes
            ]
            table["index"] = known
        return _virtual(document, dialect, table, use)
    _rewrite(document, ("tool", dialect), dict(written) if isinstance(written, dict) else {}, table)
    return document.data


def _rewrite(document: TomlDocument, path: Path, before: dict[str, object], after: dict[str, object]) -> None:
    """Change a table into another one with no more keys, each where it stands."""
    for key, value in before.items():
        wanted = after.get(key)
        if wanted == value:
            continue
        if isinstance(value, dict) and isinstance(wanted, dict) and value.keys() >= wanted.keys():
            _rewrite(document, (*path, key), dict(value), wanted)
        elif key in after and not (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
            document.set((*path, key), format_value(wanted))
        else:
            document.delete((*path, key), keep_table=True)
            if key in after:
                document.set((*path, key), format_value(wanted))


def _reduced(written: dict[str, object], manifest: Manifest, use: RootUse) -> dict[str, object]:
    """The tool table with what is about others left out; keys that say nothing any more are gone."""
    found: dict[str, object] = {}
    for key, value in written.items():
        kept: object = value
        if key in _BY_NAME:
            kept = _named(value, use.names)
        elif key == "sources" and isinstance(value, dict):
            kept = {name: rule for name, rule in value.items() if _normal(name) in use.sources}
        elif key == "index" and isinstance(value, list):
            kept = _indexes(value, use.indexes)
        elif key == "conflicts" and isinstance(value, list):
            sets = zip(value, manifest.settings.conflicts, strict=True)
            kept = [items for items, parsed in sets if parsed in use.conflicts]
        elif key == "workspace":
            kept = {"members": list(use.paths)}
        elif key == "dependency-groups" and isinstance(value, dict) and not use.is_member:
            kept = {name: rule for name, rule in value.items() if normalize_group(name) in use.groups}
        elif key == "default-groups" and isinstance(value, list) and not use.is_member:
            kept = [name for name in value if normalize_group(name) in use.groups]
        if kept or kept == value:
            found[key] = kept
    return found


def _named(value: object, names: Collection[str]) -> object:
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if _normal(name) in names}
    return [item for item in value if _subject(item) in names] if isinstance(value, list) else value


def _subject(item: object) -> str:
    """The package that an entry of a list is about, all of which were read when the manifest was."""
    if isinstance(item, dict):
        package = item.get("package")
        name = package.get("name") if isinstance(package, dict) else item.get("name")
        return _normal(str(name))
    return parse_requirement(str(item)).name


def _normal(name: str) -> NormalizedName:
    return normalize_name(name) if is_name(name) else NormalizedName(name)


def _indexes(entries: list[object], used: Collection[str]) -> list[object]:
    """Those that everybody asks, and others that are used; each with its name, which must not go by its place."""
    found: list[object] = []
    for position, entry in enumerate(filter(_is_table, entries), start=1):
        name = entry.get("name") or (DEFAULT_INDEX if entry.get("default") else f"index-{position}")
        if not entry.get("explicit") or name in used:
            found.append({"name": name, **entry})
    return entries if len(found) == len(entries) else found


def _is_table(entry: object) -> TypeGuard[dict[str, object]]:
    return isinstance(entry, dict)


def _written(index: Index) -> dict[str, object]:
    flags = {"default": index.default, "explicit": index.explicit}
    return {"name": index.name, "url": index.url, **{key: True for key, said in flags.items() if said}}


def _virtual(document: TomlDocument, dialect: str, table: dict[str, object], use: RootUse) -> bytes:
    lines = [f"[tool.{dialect}.workspace]", f"members = {format_value(list(use.paths))}"]
    groups = document.get(("dependency-groups",))
    kept = {
        name: entries
        for name, entries in (groups.items() if isinstance(groups, dict) else ())
        if normalize_group(name) in use.groups
    }
    of_groups = {"default-groups", "dependency-groups"} if use.groups else set[str]()
    of_groups |= {"dev-dependencies"} if "dev" in use.groups else set()
    settings = sorted(table.keys() & {*RESOLUTION_KEYS, *_FOR_BUILDS, *of_groups})
    if settings:
        lines += ["", f"[tool.{dialect}]"]
        lines += [f"{format_key(key)} = {format_value(table[key])}" for key in settings]
    sources = table.get("sources")
    if isinstance(sources, dict):
        lines += ["", f"[tool.{dialect}.sources]"]
        lines += [f"{format_key(name)} = {format_value(sources[name])}" for name in sorted(sources)]
    if kept:
        lines += ["", "[dependency-groups]"]
        lines += [f"{format_key(name)} = {format_value(kept[name])}" for name in sorted(kept)]
    return ("\n".join(lines) + "\n").encode()
