"""Source trees outside of the workspace that are projects with sources of their own, or members of another workspace.

What such a project needs comes from where its own manifests say: its path dependencies and fellow members are source
trees beside it. Names of indexes mean nothing here, since another workspace may mean another index by them.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from interlock.core.manifests.manifest import SourceRule
from interlock.core.markers.diagram import FALSE, TRUE, format_marker, parse_marker
from interlock.core.names import NormalizedName
from interlock.core.requirement import Requirement
from interlock.core.sources import Directory, File, Git, Member, Source, Url
from interlock.errors import InterlockError
from interlock.workspace.discovery import discover
from interlock.workspace.members import Workspace

__all__ = ["Outside", "restricted"]


class Outside:
    """The sources that a tree's own manifests give, as seen from the root of our workspace."""

    def __init__(self, root: Path, path: str) -> None:
        """Read the manifests around ``root / path``; blocking. One that cannot be read gives no sources."""
        self._root = root
        self._rules: dict[NormalizedName, tuple[SourceRule, ...]] = {}
        self._workspace: Workspace | None = None
        try:
            found = discover(root / path, project=root / path)
        except InterlockError:
            return
        self._workspace = found
        own = found.by_name.get(found.current) if found.current is not None else None
        self._rules = {**found.manifest.sources, **(own.manifest.sources if own is not None else {})}

    def asks(self, requirement: Requirement) -> list[tuple[Requirement, Source | None]]:
        """A requirement of the tree with its sources, split where these depend on markers."""
        rules = [rule for rule in self._rules.get(requirement.name, ()) if rule.extra is None and rule.group is None]
        placed = [(rule, source) for rule in rules if (source := self._placed(rule, requirement.name)) is not None]
        if not placed:
            return [(requirement, None)]
        found: list[tuple[Requirement, Source | None]] = []
        rest = parse_marker(requirement.marker)
        for rule, source in placed:
            found.append((restricted(requirement, rule.marker), source))
            rest = rest & ~parse_marker(rule.marker) if rule.marker else FALSE
        if not rest.is_false:
            marker = "" if rest is TRUE else format_marker(rest)
            found.append((msgspec.structs.replace(requirement, marker=marker), None))
        return found

    def _placed(self, rule: SourceRule, name: NormalizedName) -> Source | None:
        """The source relative to our root; None for an index, and for a member that is not there."""
        workspace, source = self._workspace, rule.source
        assert workspace is not None
        if isinstance(source, Member):
            member = workspace.by_name.get(name)
            path = member.directory if member is not None else None
            return None if path is None else Directory(path=self._relative(path), editable=rule.editable is not False)
        if isinstance(source, Directory | File):
            return msgspec.structs.replace(source, path=self._relative(workspace.root / source.path))
        return source if isinstance(source, Git | Url) else None

    def _relative(self, path: Path) -> str:
        return os.path.relpath(path, self._root).replace(os.sep, "/")


def restricted(requirement: Requirement, marker: str) -> Requirement:
    """The requirement where a marker holds too."""
    if not marker or marker == requirement.marker:
        return requirement
    both = f"({requirement.marker}) and ({marker})" if requirement.marker else marker
    return msgspec.structs.replace(requirement, marker=both)
