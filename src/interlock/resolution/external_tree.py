"""Source trees outside of the workspace that are projects with sources of their own, or members of another workspace.

What such a project needs comes from where its own manifests say: its path dependencies and fellow members are source
trees beside it, of the same commit when it comes from a repository. Its names of indexes mean the indexes it declares;
another workspace may mean others by them, so until all are known they are told apart by their addresses.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from interlock.core.manifests.manifest import SourceRule
from interlock.core.manifests.problems import suggest
from interlock.core.markers.diagram import TRUE, extras_in, format_marker, parse_marker
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.sources.index_order import DEFAULT_INDEX
from interlock.core.sources.logins import take_login
from interlock.core.sources.source import Directory, File, Git, Index, Member, Registry, Source
from interlock.errors import ManifestError
from interlock.workspace.discovery import NoProject, UnmanagedProject, discover
from interlock.workspace.members import Workspace

__all__ = ["ExternalTree", "NotInRepository", "SourceNotMember", "UnknownSourceIndex", "restricted"]


class NotInRepository(ManifestError):
    """A project in a repository needs a file or directory that cannot be had from it."""

    code = "not-in-repository"


class SourceNotMember(ManifestError):
    """A source says ``workspace = true`` for a name that is no member's."""

    code = "source-not-member"


class UnknownSourceIndex(ManifestError):
    """A source names an index that is not configured."""

    code = "unknown-source-index"


class ExternalTree:
    """The sources that a tree's own manifests give, as seen from the root of our workspace."""

    def __init__(
        self,
        root: Path,
        tree: Path,
        checkout: tuple[Git, Path] | None = None,
        *,
        ours: Iterable[Index] = (),
    ) -> None:
        """Read the manifests around a tree; blocking. A tree that is no project gives no sources.

        Of a tree in a ``checkout``, that is the source it was asked for by and the top of the checkout. ``ours`` are
        the indexes that our own workspace and settings know. Raises :class:`ManifestError` for manifests that cannot
        be read: what they say of private packages must not be missed.
        """
        self._root = root
        self._tree = tree
        self._checkout = checkout
        self._rules: dict[NormalizedName, tuple[SourceRule, ...]] = {}
        self._workspace: Workspace | None = None
        self._ours = {index.name: _address(index.url, root) for index in ours}
        self._declared: dict[str, str] = {}
        """By the names in its manifests: the keys of :attr:`indexes`."""
        self.indexes: dict[str, Index] = {}
        """Its own indexes and those of its workspace's root, by names that no other index can have."""
        try:
            found = discover(tree, project=tree, top=checkout[1] if checkout is not None else None)
        except (NoProject, UnmanagedProject):
            return
        self._workspace = found
        own = found.by_name.get(found.current) if found.current is not None else None
        self._rules = {**found.manifest.sources, **(own.manifest.sources if own is not None else {})}
        for manifest in (found.manifest, *((own.manifest,) if own is not None else ())):
            for index in manifest.settings.indexes:
                self._declare(index, found.root)

    def _declare(self, index: Index, base: Path) -> None:
        """Call an index so that no other has its name: by what is known of its place wherever the lock is read."""
        url = index.url if "://" in index.url else os.path.normpath(base / index.url)
        at = _address(url, self._root)
        if self._checkout is not None and "://" not in url:
            git, top = self._checkout
            at = f"{git.url} {os.path.relpath(url, top)}"
        key = f"{index.name}-{hashlib.sha256(at.replace(os.sep, '/').encode()).hexdigest()[:8]}"
        self._declared[index.name] = key
        self.indexes[key] = msgspec.structs.replace(index, url=url, explicit=True, default=False)

    def asks(self, requirement: Requirement) -> list[tuple[Requirement, Source | None]]:
        """A requirement of the tree with its sources, split where these depend on markers and extras.

        An index of the tree's own is called by its key in :attr:`indexes`.
        """
        found: list[tuple[Requirement, Source | None]] = []
        rest = parse_marker(requirement.marker)
        extras = extras_in(rest)
        for rule in self._rules.get(requirement.name, ()):
            if rule.group is not None or (rule.extra is not None and rule.extra not in extras):
                continue
            source = self._placed(rule, requirement.name)
            if source is not None:
                where = _where(rule)
                found.append((restricted(requirement, where), source))
                rest = rest & ~parse_marker(where)
        if not found:
            return [(requirement, None)]
        if not rest.is_false:
            marker = "" if rest is TRUE else format_marker(rest)
            found.append((msgspec.structs.replace(requirement, marker=marker), None))
        return found

    def _placed(self, rule: SourceRule, name: NormalizedName) -> Source | None:
        """The source relative to our root; None for the index that answers by default."""
        workspace, source = self._workspace, rule.source
        assert workspace is not None
        if isinstance(source, Registry):
            return self._index(source, name)
        if isinstance(source, Member):
            source = self._member(workspace, name, editable=rule.editable is not False)
        elif rule.workspace and isinstance(source, Directory):
            place = workspace.root / source.path
            source = self._member(discover(place, project=place), name, editable=source.editable)
        if isinstance(source, Directory | File):
            place = workspace.root / source.path
            if self._checkout is not None:
                return self._of_commit(*self._checkout, place, name, is_file=isinstance(source, File))
            return msgspec.structs.replace(source, path=self._relative(place))
        return source

    def _index(self, source: Registry, name: NormalizedName) -> Registry | None:
        """One of ours where it has the same address; another one of that name is called apart."""
        key = self._declared.get(source.index)
        if key is not None:
            at = _address(self.indexes[key].url, self._root)
            same = [called for called, address in self._ours.items() if address == at]
            return Registry(source.index if source.index in same else min(same)) if same else Registry(key)
        if source.index in self._ours:
            return source
        if source.index == DEFAULT_INDEX:
            return None
        known = sorted({*self._declared, DEFAULT_INDEX})
        raise UnknownSourceIndex(
            f"The project in {self._shown} takes `{name}` from index `{source.index}`, which it does not"
            f" declare.{suggest(source.index, known)}",
            hint="Declare the index there, or in the root of this workspace.",
            facts={"index": source.index, "known": known},
        )

    def _member(self, workspace: Workspace, name: NormalizedName, *, editable: bool) -> Directory:
        """A fellow member, where it is; nothing else may take its place."""
        member = workspace.by_name.get(name)
        if member is None:
            raise SourceNotMember(
                f"The project in {self._shown} takes `{name}` from its workspace, which has no member of that"
                f" name.{suggest(name, workspace.by_name)}",
                hint=f"Give `{name}` another source there, or use the project from within its workspace.",
                facts={"name": name},
            )
        path = os.path.relpath(member.directory, self._workspace.root if self._workspace else self._root)
        return Directory(path=path.replace(os.sep, "/"), editable=editable)

    @property
    def _shown(self) -> str:
        if self._checkout is None:
            return self._relative(self._tree)
        git, top = self._checkout
        below = os.path.relpath(self._tree, top).replace(os.sep, "/")
        return git.url if below == "." else f"{below} of {git.url}"

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


def _where(rule: SourceRule) -> str:
    """When a rule counts, as a marker of the metadata."""
    extra = f"extra == '{rule.extra}'" if rule.extra is not None else ""
    return f"({rule.marker}) and {extra}" if rule.marker and extra else rule.marker or extra


def _address(url: str, root: Path) -> str:
    """What two indexes have to share to be one; a place on this machine is relative to our root."""
    if not url or "://" in url:
        return take_login(url)[0].rstrip("/")
    return os.path.relpath(root / url, root).replace(os.sep, "/")


def restricted(requirement: Requirement, marker: str) -> Requirement:
    """The requirement where a marker holds too."""
    if not marker or marker == requirement.marker:
        return requirement
    both = f"({requirement.marker}) and ({marker})" if requirement.marker else marker
    return msgspec.structs.replace(requirement, marker=both)
