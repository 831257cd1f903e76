"""Where a source tree outside of the workspace takes what it asks for: its own table, which counts for it alone.

A rule that holds only under a marker, an extra or a group, or that names an index or a member of another workspace, is
not followed: names of indexes and members are those of this workspace.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import NormalizedName
from interlock.core.sources import Directory, File, Git, Source, Url
from interlock.errors import ManifestError

__all__ = ["own_sources"]


def own_sources(root: Path, directory: Directory) -> Mapping[NormalizedName, Source]:
    """Blocking. Empty where there is no manifest that can be read: what is wrong with it, its build says."""
    try:
        data = (root / directory.path / "pyproject.toml").read_bytes()
        manifest = parse_manifest(data, path=directory.path, file=f"{directory.path}/pyproject.toml")
    except (OSError, ManifestError):
        return {}
    return {
        name: rules[0].source
        for name, rules in manifest.sources.items()
        if len(rules) == 1
        and isinstance(rules[0].source, Directory | File | Git | Url)
        and not (rules[0].marker or rules[0].extra or rules[0].group)
    }
