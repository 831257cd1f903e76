"""The workspace's catalog: its ranges, who takes them, and who strays from them."""

from __future__ import annotations

from typing import Literal

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.manifests.catalog_ranges import range_for
from interlock.core.manifests.lines import find_line
from interlock.core.names import NormalizedName
from interlock.workspace.catalog import takes, written_manifest
from interlock.workspace.discovery import discover
from interlock.workspace.members import Member, Workspace

__all__ = ["CatalogLine", "OwnRange", "Stray", "StrayCode", "find_strays", "list_catalog"]


class OwnRange(msgspec.Struct, frozen=True, order=True):
    member: NormalizedName
    range: str


class CatalogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One range of the catalog."""

    name: NormalizedName
    catalog: str
    """Empty for the one without a name."""
    range: str
    members: tuple[NormalizedName, ...]
    """Those that take it."""
    own: tuple[OwnRange, ...]
    """Those that ask for a range of their own instead."""


StrayCode = Literal[
    "catalog-range-differs", "catalog-range-not-taken", "catalog-range-repeated", "catalog-range-unused"
]


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as the catalog would have it."""

    level: Literal["error", "warning"]
    file: str
    line: int | None
    code: StrayCode
    message: str


async def list_catalog(context: Context) -> tuple[CatalogLine, ...]:
    """By catalog and name."""

    def look() -> tuple[CatalogLine, ...]:
        workspace = discover(context.place.start, layout=context.means.layout)
        return catalog_lines(workspace)

    return await anyio.to_thread.run_sync(look)


async def find_strays(context: Context) -> tuple[Stray, ...]:
    """Members that ask for another range than the catalog has, or for none, and ranges that nobody takes."""

    def look() -> tuple[Stray, ...]:
        workspace = discover(context.place.start, layout=context.means.layout)
        found = [stray for member in workspace.members for stray in _strays(workspace, member)]
        text = (workspace.root / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
        found += [_unused(line, text) for line in catalog_lines(workspace) if not line.members]
        return tuple(found)

    return await anyio.to_thread.run_sync(look)


def catalog_lines(workspace: Workspace) -> tuple[CatalogLine, ...]:
    catalog = (workspace.written or workspace.manifest).catalog
    found = []
    for group, ranges in sorted(catalog.ranges.items()):
        for name, text in sorted(ranges.items()):
            taking = [member.name for member in workspace.members if group in _taken_from(workspace, member, name)]
            own = {
                OwnRange(member.name, item.specifier)
                for member in workspace.members
                for item in written_manifest(workspace, member).every()
                if item.name == name and item.specifier
            }
            line = CatalogLine(name=name, catalog=group, range=text, members=tuple(taking), own=tuple(sorted(own)))
            found.append(line)
    return tuple(found)


def _taken_from(workspace: Workspace, member: Member, name: NormalizedName) -> set[str]:
    """The catalogs that a member has a range of a name from; none where it does not ask for it by its bare name."""
    written = written_manifest(workspace, member)
    if not any(item.name == name and not item.specifier and not item.url for item in written.every()):
        return set()
    if all(item.specifier != _range(workspace, member, name) for item in member.manifest.every() if item.name == name):
        return set()
    asked, catalog = takes(written), (workspace.written or workspace.manifest).catalog
    if name in asked.names:
        return {asked.names[name]}
    if not asked.every:
        return set()
    return {asked.named if name in catalog.ranges.get(asked.named, {}) else ""}


def _range(workspace: Workspace, member: Member, name: NormalizedName) -> str:
    root = workspace.written or workspace.manifest
    return range_for(takes(written_manifest(workspace, member)), root.catalog, name)


def _strays(workspace: Workspace, member: Member) -> list[Stray]:
    ranges = (workspace.written or workspace.manifest).catalog.ranges
    text = (member.directory / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
    found = []
    seen = set()
    for item, effective in zip(written_manifest(workspace, member).every(), member.manifest.every(), strict=True):
        here = {group: held[item.name] for group, held in ranges.items() if item.name in held}
        if not here or item.url or item in seen:
            continue
        seen.add(item)
        shown = " or ".join(f"`{text}`" + (f" (catalog {group})" if group else "") for group, text in here.items())
        line = find_line(text, ("project",), near=item.name)
        if item.specifier:
            message = f"{member.name} asks for {item.name}{item.specifier}, where the catalog has {shown}."
            hint = f" `interlock catalog adopt {item.name} --package {member.name}` takes what the catalog has."
            level: Literal["error", "warning"] = "warning" if item.specifier in here.values() else "error"
            code: StrayCode = "catalog-range-repeated" if level == "warning" else "catalog-range-differs"
        elif not effective.specifier and item.name not in workspace.by_name:
            level = "warning"
            message = f"{member.name} asks for any {item.name}, where the catalog has {shown}."
            hint = f" `interlock catalog adopt {item.name} --package {member.name}` takes it."
            code = "catalog-range-not-taken"
        else:
            continue
        found.append(Stray(level=level, file=member.file, line=line, code=code, message=message + hint))
    return found


def _unused(line: CatalogLine, text: str) -> Stray:
    where = ("tool", "interlock", "catalog", *([line.catalog] if line.catalog else []))
    return Stray(
        level="warning",
        file="pyproject.toml",
        line=find_line(text, where, near=line.name),
        code="catalog-range-unused",
        message=f"Nobody takes the range of {line.name} from the catalog{f' {line.catalog}' if line.catalog else ''}.",
    )
