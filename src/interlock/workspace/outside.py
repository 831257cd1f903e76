"""Source trees outside of the workspace that are projects with sources of their own, or members of another workspace.

What such a project needs comes from where its own manifests say: its path dependencies and fellow members are source
trees beside it, of the same commit when it comes from a repository. Names of indexes mean nothing here, since another
workspace may mean another index by them.
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
from interlock.errors import InterlockError, ManifestError
from interlock.workspace.discovery import discover
from interlock.workspace.members import Workspace

__all__ = ["NotInRepository", "Outside", "restricted"]


class NotInRepository(ManifestError):
    """A project in a repository needs a file or directory that cannot be had from it."""

    code = "not-in-repository"


class Outside:
    """The sources that a tree's own manifests give, as seen from the root of our workspace."""

    def __init__(self, root: Path, tree: Path, checkout: tuple[Git, Path] | None = None) -> None:
        """Read the manifests around a tree; blocking. One that cannot be read gives no sources.

        Of a tree in a ``checkout``, that is the source it was asked for by and the top of the checkout.
        """
        self._root = root
        self._checkout = checkout
        self._rules: dict[NormalizedName, tuple[SourceRule, ...]] = {}
        self._workspace: Workspace | None = None
        try:
            found = discover(tree, project=tree, top=checkout[1] if checkout is not None else None)
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
            if path is None:
                return None
            source = Directory(path=path.relative_to(workspace.root).as_posix(), editable=rule.editable is not False)
        if isinstance(source, Directory | File):
            place = workspace.root / source.path
            if self._checkout is not None:
                return self._of_commit(*self._checkout, place, name, is_file=isinstance(source, File))
            return msgspec.structs.replace(source, path=self._relative(place))
        return source if isinstance(source, Git | Url) else None

    def _of_commit(self, git: Git, top: Path, place: Path, name: NormalizedName, *, is_file: bool) -> Git:
        """A directory of the same repository; its commit is the one that asks for it."""
        path = os.path.relpath(place, top).replace(os.sep, "/")
        if is_file or path.split("/")[0] == "..":
            what = "is an archive" if is_file else "is outside of it"
            raise NotInRepository(
                f"A project of {git.url} takes `{name}` from {path}, which {what}.",
                hint=f"Give `{name}` a source in the member that asks for the project.",
            )
        return msgspec.structs.replace(git, subdirectory="" if path == "." else path)

    def _relative(self, path: Path) -> str:
        return os.path.relpath(path, self._root).replace(os.sep, "/")


def restricted(requirement: Requirement, marker: str) -> Requirement:
    """The requirement where a marker holds too."""
    if not marker or marker == requirement.marker:
        return requirement
    both = f"({requirement.marker}) and ({marker})" if requirement.marker else marker
    return msgspec.structs.replace(requirement, marker=both)
