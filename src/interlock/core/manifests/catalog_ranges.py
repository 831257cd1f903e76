"""What a manifest asks for with the ranges that it takes from a catalog; without what parses one, which few need."""

from __future__ import annotations

import msgspec

from interlock.core.manifests.manifest import CatalogTable, Manifest
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement

__all__ = ["filled", "range_for"]


def range_for(member: CatalogTable, catalog: CatalogTable, name: NormalizedName) -> str:
    """The range that a member takes for a bare name; empty when it takes none."""
    if name in member.names:
        return catalog.ranges.get(member.names[name], {}).get(name, "")
    if not member.every:
        return ""
    own = catalog.ranges.get(member.named, {}) if member.named else {}
    return own.get(name) or catalog.ranges.get("", {}).get(name, "")


def filled(
    manifest: Manifest, member: CatalogTable, catalog: CatalogTable, skip: frozenset[NormalizedName]
) -> Manifest:
    """The manifest with the ranges that it takes; itself when it takes none.

    ``skip`` are names that come from elsewhere.
    """

    def fill(item: Requirement) -> Requirement:
        if item.specifier or item.url or item.name in skip:
            return item
        text = range_for(member, catalog, item.name)
        return msgspec.structs.replace(item, specifier=text) if text else item

    changed = msgspec.structs.replace(
        manifest,
        dependencies=tuple(map(fill, manifest.dependencies)),
        extras={extra: tuple(map(fill, asked)) for extra, asked in manifest.extras.items()},
        groups={
            group: tuple(fill(entry) if isinstance(entry, Requirement) else entry for entry in entries)
            for group, entries in manifest.groups.items()
        },
    )
    return manifest if changed == manifest else changed
