"""``interlock catalog set``, ``adopt`` and ``dedupe``: the shared ranges changed, and members made to take them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from interlock.context import Context
from interlock.core.editing.manifest_editor import ManifestEditor
from interlock.core.manifests.catalog_ranges import range_for
from interlock.core.manifests.manifest import CatalogTable
from interlock.core.manifests.problems import suggest
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.sources.source import Registry
from interlock.core.toml.document import TomlDocument, format_value
from interlock.errors import UsageError
from interlock.ops.editing.changes import ChangeOptions, ChangeOutcome, Draft, change
from interlock.ops.editing.editing import chosen_paths, open_editor
from interlock.ops.editing.rewrite import read_manifest
from interlock.workspace.catalog import takes, written_manifest
from interlock.workspace.members import Member, Workspace

__all__ = ["AdoptOptions", "Adopted", "CatalogChange", "CatalogEdit", "adopt", "dedupe", "set_ranges"]

_TABLE = ("tool", "interlock", "catalog")


class CatalogEdit(UsageError):
    """A catalog cannot be changed so."""

    code = "catalog-edit"
    exit_code = 1


class Adopted(msgspec.Struct, frozen=True, order=True):
    member: NormalizedName
    name: NormalizedName
    before: str
    """The range it asked for itself; empty for none."""
    range: str


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A name that was left as it is, since its members ask for different ranges."""

    name: NormalizedName
    ranges: dict[str, tuple[NormalizedName, ...]]


class CatalogChange(msgspec.Struct, frozen=True, kw_only=True):
    change: ChangeOutcome
    ranges: dict[NormalizedName, str] = {}
    """Those that were written."""
    adopted: tuple[Adopted, ...] = ()
    left: tuple[Left, ...] = ()


class AdoptOptions(msgspec.Struct, frozen=True, kw_only=True):
    names: tuple[NormalizedName, ...] = ()
    """Empty: all that the catalog has, where members ask for the same range or for none."""
    packages: tuple[NormalizedName, ...] = ()
    after: ChangeOptions = ChangeOptions()


async def set_ranges(
    context: Context, requirements: tuple[Requirement, ...], catalog: str, options: ChangeOptions
) -> CatalogChange:
    """Write ranges into the root's catalog, or the one that is named, and lock. Raises :class:`CatalogEdit`."""
    ranges = {item.name: item.specifier for item in requirements}

    async def make(workspace: Workspace) -> Draft:
        return Draft(files={".": _with_ranges(workspace, ranges, catalog)})

    return CatalogChange(change=await change(context, make, options), ranges=ranges)


async def adopt(context: Context, options: AdoptOptions) -> CatalogChange:
    """Make members take what the catalog has; a range of another meaning only for names that are given.

    Raises :class:`CatalogEdit`.
    """
    adopted: list[Adopted] = []

    async def make(workspace: Workspace) -> Draft:
        adopted.clear()
        catalog = (workspace.written or workspace.manifest).catalog
        known = {name for held in catalog.ranges.values() for name in held}
        for name in options.names:
            if name not in known:
                raise CatalogEdit(
                    f"`{name}` is not in the catalog.{suggest(name, sorted(known))}",
                    hint=f"Add it: `interlock catalog set '{name}>=1.0'`.",
                )
        paths = chosen_paths(workspace, options.packages, everyone=not options.packages, root_allowed=True)
        members = [workspace.by_path[path] for path in paths]
        files = {}
        for member in members:
            data, found = _adopting(workspace, member, catalog, options.names)
            adopted.extend(found)
            if found:
                files[member.path] = data
        return Draft(files=files)

    outcome = await change(context, make, options.after)
    return CatalogChange(change=outcome, adopted=tuple(sorted(set(adopted))))


async def dedupe(context: Context, options: ChangeOptions) -> CatalogChange:
    """Move ranges that two members or more ask for alike into the catalog. Raises :class:`CatalogEdit`."""
    ranges: dict[NormalizedName, str] = {}
    adopted: list[Adopted] = []
    left: list[Left] = []

    async def make(workspace: Workspace) -> Draft:
        asked = _asked_by_several(workspace)
        ranges.clear()
        ranges.update((name, next(iter(by))) for name, by in asked.items() if len(by) == 1)
        left[:] = [Left(name=name, ranges=by) for name, by in asked.items() if len(by) > 1]
        adopted.clear()
        if not ranges:
            return Draft(files={})
        files = {".": _with_ranges(workspace, ranges, "")}
        catalog = CatalogTable(ranges={"": ranges})
        for member in workspace.members:
            if member.path != ".":
                data, found = _adopting(workspace, member, catalog, ())
                adopted.extend(found)
                if found:
                    files[member.path] = data
        if "." in workspace.by_path:
            root = workspace.by_path["."]
            editor = open_editor(workspace, ".", files["."])
            adopted.extend(_bare(editor, root.name, dict(ranges), frozenset()))
            files["."] = editor.data
        return Draft(files=files)

    outcome = await change(context, make, options)
    return CatalogChange(change=outcome, ranges=dict(ranges), adopted=tuple(sorted(set(adopted))), left=tuple(left))


def _with_ranges(workspace: Workspace, ranges: dict[NormalizedName, str], catalog: str) -> bytes:
    if workspace.manifest.dialect not in {"interlock", "standard"}:
        raise CatalogEdit(
            "The root has its settings in another tool's table, beside which [tool.interlock] would replace them all.",
            hint="Move them to [tool.interlock], where most keys are called the same.",
        )
    for name in ranges:
        if name in workspace.by_name:
            raise CatalogEdit(f"`{name}` is a member: what it is released with is said by `internal-bounds`.")
    document = TomlDocument(read_manifest(workspace, "."), "pyproject.toml")
    table = (*_TABLE, catalog) if catalog else _TABLE
    held = document.get(table)
    for name, text in sorted(ranges.items()):
        key = next((key for key in held if normalize_name(key) == name), name) if isinstance(held, dict) else name
        document.set((*table, key), format_value(text))
    return document.data


def _adopting(
    workspace: Workspace, member: Member, catalog: CatalogTable, names: tuple[NormalizedName, ...]
) -> tuple[bytes, list[Adopted]]:
    """A member's manifest with bare names, taking the ranges of the catalog without a name or of its own."""
    written = written_manifest(workspace, member)
    asked = takes(written)
    ranges: dict[NormalizedName, str] = {}
    for item in written.every():
        text = range_for(asked, catalog, item.name) or catalog.ranges.get("", {}).get(item.name, "")
        if text and item.name not in _elsewhere(workspace, member) and (not names or item.name in names):
            ranges[item.name] = text
    editor = open_editor(workspace, member.path, read_manifest(workspace, member.path))
    found = _bare(editor, member.name, ranges, frozenset(names))
    missing = [name for name in sorted({one.name for one in found}) if not range_for(asked, catalog, name)]
    bare = {item.name for item in written.every() if not item.specifier and not item.url}
    untaken = [name for name in sorted(bare & ranges.keys()) if not range_for(asked, catalog, name)]
    found += [Adopted(member.name, name, "", ranges[name]) for name in untaken]
    if missing or untaken:
        _take(editor, member, asked, {*missing, *untaken})
    return editor.data, found


def _bare(
    editor: ManifestEditor, member: NormalizedName, ranges: dict[NormalizedName, str], forced: frozenset[NormalizedName]
) -> list[Adopted]:
    """Take the ranges off that the catalog has, or others of names that are ``forced``."""
    found = []
    for target in editor.targets():
        for item in editor.requirements(target):
            text = ranges.get(item.name, "")
            if text and not item.url and item.specifier and (item.specifier == text or item.name in forced):
                bare = msgspec.structs.replace(item, specifier="")
                editor.put(target, bare, format_requirement(bare))
                found.append(Adopted(member, item.name, item.specifier, text))
    return found


def _take(editor: ManifestEditor, member: Member, asked: CatalogTable, names: Iterable[NormalizedName]) -> None:
    if member.path == ".":
        return
    if member.manifest.dialect not in {"interlock", "standard"}:
        raise CatalogEdit(
            f"{member.file} has settings in another tool's table, beside which [tool.interlock] would replace them.",
            hint="Move them to [tool.interlock], where most keys are called the same.",
        )
    if asked.every:
        return  # the catalog without a name has what the one that is named has not
    if any(asked.names.values()):
        value: object = {
            name: group or "default" for name, group in sorted({**dict.fromkeys(names, ""), **asked.names}.items())
        }
    else:
        value = sorted({*asked.names, *names})
    editor.document.delete(_TABLE)
    editor.document.set(_TABLE, format_value(value))


def _elsewhere(workspace: Workspace, member: Member) -> set[NormalizedName]:
    rules = {**workspace.manifest.sources, **member.manifest.sources}
    away = {name for name, found in rules.items() if any(not isinstance(rule.source, Registry) for rule in found)}
    return {*workspace.by_name, *away}


def _asked_by_several(workspace: Workspace) -> dict[NormalizedName, dict[str, tuple[NormalizedName, ...]]]:
    """The members by name and range, of names that no catalog has and two members or more have a range for."""
    held = {name for ranges in (workspace.written or workspace.manifest).catalog.ranges.values() for name in ranges}
    asked: dict[NormalizedName, dict[str, set[NormalizedName]]] = {}
    for member in workspace.members:
        away = _elsewhere(workspace, member)
        for item in written_manifest(workspace, member).every():
            if item.specifier and item.name not in away and item.name not in held:
                asked.setdefault(item.name, {}).setdefault(item.specifier, set()).add(member.name)
    return {
        name: {text: tuple(sorted(members)) for text, members in sorted(by.items())}
        for name, by in sorted(asked.items())
        if len({member for members in by.values() for member in members}) > 1
    }
