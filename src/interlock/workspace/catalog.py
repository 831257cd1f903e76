"""Members with the ranges of the workspace's catalog in their requirements.

It happens where a workspace is read, so that everything after that sees one range: what is resolved and what the lock
is fresh for, what is built, published and exported. Whoever reads a manifest alone sees the bare name.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from interlock.core.lock.inputs import own_inputs
from interlock.core.manifests.catalog_ranges import filled, range_for
from interlock.core.manifests.manifest import CatalogTable, Manifest
from interlock.core.manifests.problems import suggest
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Registry
from interlock.errors import ManifestError
from interlock.workspace.members import Member, Workspace

__all__ = ["InvalidCatalog", "taken_ranges", "takes", "with_catalog", "written_manifest"]

_EVERYTHING = CatalogTable(every=True)


class InvalidCatalog(ManifestError):
    """A catalog and those who take from it do not fit."""

    code = "invalid-catalog"


def with_catalog(workspace: Workspace) -> Workspace:
    """The workspace with ranges filled in; itself where there is no catalog. Raises :class:`InvalidCatalog`."""
    root = workspace.written or workspace.manifest
    catalog = root.catalog
    for problem in _problems(workspace, catalog):
        raise InvalidCatalog(problem, hint="The catalog is [tool.interlock.catalog] in the root's pyproject.toml.")
    if not catalog.ranges and workspace.written is None and all(m.written is None for m in workspace.members):
        return workspace
    manifest = filled(root, takes(root), catalog, _elsewhere(workspace, root))
    members = tuple(_filled(workspace, member, manifest, catalog) for member in workspace.members)
    return msgspec.structs.replace(
        workspace,
        manifest=manifest,
        members=members,
        root_inputs=workspace.root_inputs if manifest is workspace.manifest else own_inputs(manifest),
        written=root,
    )


def takes(manifest: Manifest) -> CatalogTable:
    """What a manifest takes; a root, where the catalog is, takes it all."""
    return _EVERYTHING if manifest.catalog.ranges else manifest.catalog


def written_manifest(workspace: Workspace, member: Member) -> Manifest:
    """A member's manifest as it is in its file."""
    if member.path == ".":
        return workspace.written or workspace.manifest
    return member.written or member.manifest


def taken_ranges(workspace: Workspace, member: Member) -> dict[NormalizedName, str]:
    """The ranges that what is published of a member takes from the catalog, by name."""
    written = written_manifest(workspace, member)
    catalog = (workspace.written or workspace.manifest).catalog
    skip = _elsewhere(workspace, written)
    names = sorted({item.name for item in written.published() if not item.specifier and not item.url} - skip)
    return {name: text for name in names if (text := range_for(takes(written), catalog, name))}


def _filled(workspace: Workspace, member: Member, root: Manifest, catalog: CatalogTable) -> Member:
    written = written_manifest(workspace, member)
    manifest = root if member.path == "." else filled(written, written.catalog, catalog, _elsewhere(workspace, written))
    if manifest is member.manifest:
        return member
    return msgspec.structs.replace(member, manifest=manifest, own_inputs=own_inputs(manifest), written=written)


def _elsewhere(workspace: Workspace, manifest: Manifest) -> frozenset[NormalizedName]:
    """Names that do not come from an index: members, paths, git repositories and URLs."""
    root = workspace.written or workspace.manifest
    rules = {**root.sources, **manifest.sources}
    away = {name for name, found in rules.items() if any(not isinstance(rule.source, Registry) for rule in found)}
    return frozenset({*workspace.by_name, *away})


def _problems(workspace: Workspace, catalog: CatalogTable) -> Iterator[str]:
    """Every name that is taken has to be there, and none of it is a member's."""
    for name in sorted({name for found in catalog.ranges.values() for name in found if name in workspace.by_name}):
        yield f"The catalog has `{name}`, a member: what it is released with is said by `internal-bounds`."
    for member in workspace.members:
        if member.path != ".":
            yield from _problems_of(member, written_manifest(workspace, member).catalog, catalog)


def _problems_of(member: Member, asked: CatalogTable, catalog: CatalogTable) -> Iterator[str]:
    if asked.every and not catalog.ranges:
        yield f"{member.file}: `catalog` takes ranges, and the root has no catalog."
    named = {group for group in (asked.named, *asked.names.values()) if group}
    for group in sorted(named - catalog.ranges.keys()):
        known = sorted(name for name in catalog.ranges if name)
        yield f"{member.file}: there is no catalog `{group}`.{suggest(group, known)}"
    for name, group in sorted(asked.names.items()):
        known = sorted(catalog.ranges.get(group, {}))
        if name not in known:
            where = f"the catalog `{group}`" if group else "the catalog"
            yield f"{member.file}: `{name}` is not in {where}.{suggest(name, known)}"
