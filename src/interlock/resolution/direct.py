"""Direct sources: git repositories, archives and source trees that members ask for, learned before anything is solved.

Only members and other direct sources can bring one in, so all of them can be found by walking from the members; the
solver then works on a closed set of candidates.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.core.markers.diagram import TRUE, Marker, parse_marker, requires_python_marker
from interlock.core.members.asks import Ask, Limits, MemberAsks, Origin
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import InvalidMetadata
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.facts import unreadable_requirement
from interlock.core.resolver.problem import DirectPackage, Problem
from interlock.core.resolver.world import world
from interlock.core.sources.direct_references import parse_url_source
from interlock.core.sources.git_url import canonical_git_url
from interlock.core.sources.source import Directory, File, Git, Index, Member, Registry, Source, Url
from interlock.errors import ManifestError
from interlock.resolution.external_indexes import final_names, read_external_tree
from interlock.resolution.external_tree import ExternalTree
from interlock.resolution.one_commit import Spellings, one_for_each_commit
from interlock.resolution.placing import placed
from interlock.toolchain.toolchain import Toolchain

__all__ = ["DirectNameMismatch", "Discovered", "discover_direct"]

_Key = tuple[NormalizedName, Source]


class DirectNameMismatch(ManifestError):
    """A direct source holds another package than the one asked for."""

    code = "direct-name-mismatch"


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[MemberAsks, ...]
    """The asks, with every moving reference replaced by the commit it stands for."""
    limits: Limits
    """Likewise."""
    direct: tuple[DirectPackage, ...]
    indexes: tuple[Index, ...] = ()
    """Those of projects outside of the workspace that some of it is pinned to."""


async def discover_direct(
    toolchain: Toolchain,
    members: tuple[MemberAsks, ...],
    *,
    root: Path,
    limits: Limits | None = None,
    environments: tuple[str, ...] = (),
    locked: frozenset[Git] = frozenset(),
) -> Discovered:
    """Learn every direct source that is needed in some environment of the lock.

    ``locked`` are commits to stay at as long as the same reference is asked for.
    """
    everywhere = world(Problem(members=members, environments=environments))
    discovery = _Discovery(toolchain, root, members, everywhere, locked)
    limits = limits or Limits()
    for member in members:
        discovery.want(member.every(), requires_python_marker(member.requires_python))
    discovery.want(limits.asks)
    await discovery.run()
    return discovery.result(members, limits)


class _Discovery:
    def __init__(
        self,
        toolchain: Toolchain,
        root: Path,
        members: tuple[MemberAsks, ...],
        everywhere: Marker,
        locked: frozenset[Git],
    ) -> None:
        self._toolchain = toolchain
        self._root = root
        self._members = {(member.name, member.path) for member in members}
        self._everywhere = everywhere
        self._locked = {
            (canonical_git_url(git.url), reference, git.subdirectory): git.commit
            for git in locked
            for reference in git.references
        }
        self._spellings = Spellings()
        self._queue: list[tuple[_Key, Origin]] = []
        self._seen: set[_Key] = set()
        self._resolved: dict[_Key, Source] = {}
        self._found: dict[_Key, DirectPackage] = {}
        self._indexes: dict[str, Index] = {}
        """Indexes of projects outside, by names that no other index has."""
        self._named: dict[Source, Source] = {}
        self._pinned: tuple[Index, ...] = ()

    def want(self, asks: Iterable[Ask], where: Marker = TRUE) -> None:
        """Learn the sources of asks, but for those whose markers hold nowhere."""
        where = where & self._everywhere
        for ask in asks:
            if isinstance(ask.source, Git | Url | File | Directory):
                key = (ask.requirement.name, ask.source)
                if key not in self._seen and not parse_marker(ask.requirement.marker).is_disjoint(where):
                    self._seen.add(key)
                    self._queue.append((key, ask.origin))

    async def run(self) -> None:
        while self._queue:
            queue, self._queue = self._queue, []
            self._spellings.add(source for (_, source), _ in queue if isinstance(source, Git))
            async with anyio.create_task_group() as tasks:
                for key, origin in queue:
                    tasks.start_soon(self._learn, key, origin)

    async def _learn(self, key: _Key, origin: Origin) -> None:
        name, source = key
        # Repositories, archives and builds are loaded for those who have such sources.
        from interlock.resolution.direct_metadata import learn  # noqa: PLC0415

        if isinstance(source, Git):
            source = self._spellings.of(source)
        if isinstance(source, Git) and not source.commit:
            commit = self._locked.get((canonical_git_url(source.url), source.reference, source.subdirectory), "")
            source = msgspec.structs.replace(source, commit=commit)
        source, metadata, artifact = await learn(self._toolchain, name, source, root=self._root)
        problem = unreadable_requirement(metadata.requires)
        if problem:
            raise InvalidMetadata(
                f"`{origin.text}` in {origin.path}/pyproject.toml leads to {metadata.name} {metadata.version}, whose"
                f" metadata cannot be used: {problem}."
            )
        if metadata.name != name:
            raise DirectNameMismatch(
                f"`{origin.text}` in {origin.path}/pyproject.toml leads to the package {metadata.name}, not {name}.",
                hint=f"Ask for {metadata.name}, or correct the source.",
            )
        self._resolved[key] = source
        external = await read_external_tree(self._toolchain, source, self._root)
        if external is not None:
            self._indexes |= external.indexes
        asks = await anyio.to_thread.run_sync(self._asks_of, metadata, source, external)
        version = "" if isinstance(source, Directory) and "version" in metadata.dynamic else metadata.version
        self._found[key] = DirectPackage(
            source=source, asks=asks, version=version, extras=tuple(sorted(set(metadata.extras))), artifact=artifact
        )
        self.want(asks.dependencies)

    def _asks_of(self, metadata: Metadata, source: Source, external: ExternalTree | None) -> MemberAsks:
        path = source.path if isinstance(source, Directory) else ""
        asks = []
        for requirement in metadata.requires:
            origin = Origin(member=metadata.name, path=path, text=str(requirement.name))
            if requirement.url or external is None:
                place = self._source_of(requirement, path) if requirement.url else None
                found: list[tuple[Requirement, Source | None]] = [(_bare(requirement), place)]
            else:
                found = external.asks(requirement)
            asks += [
                Ask(requirement=item, source=self._or_member(item.name, where), origin=origin) for item, where in found
            ]
        return MemberAsks(
            name=metadata.name,
            path=path,
            version=metadata.version,
            requires_python=metadata.requires_python,
            dependencies=tuple(asks),
        )

    def _source_of(self, requirement: Requirement, path: str) -> Source:
        return placed(parse_url_source(requirement.url, base=path or "."), self._root.as_posix())

    def _or_member(self, name: NormalizedName, source: Source | None) -> Source | None:
        """A directory that is a member's is the member, whoever asks for it."""
        if isinstance(source, Directory) and (name, source.path) in self._members:
            return Member(name)
        return source

    def _unite(self) -> None:
        """Let one source stand for all that mean the same commit."""
        sources = [(name, source) for (name, _), source in self._resolved.items() if isinstance(source, Git)]
        one = one_for_each_commit(sources)
        for key, source in self._resolved.items():
            if isinstance(source, Git):
                self._resolved[key] = one[key[0], source]
                self._found[key] = msgspec.structs.replace(self._found[key], source=one[key[0], source])

    def result(self, members: tuple[MemberAsks, ...], limits: Limits) -> Discovered:
        self._name_indexes()
        self._unite()
        direct: dict[_Key, DirectPackage] = {}
        for key in sorted(self._found, key=lambda key: (key[0], str(self._resolved[key]))):
            found = self._found[key]
            direct[key[0], found.source] = msgspec.structs.replace(found, asks=self._rewritten(found.asks))
        scoped = tuple(msgspec.structs.replace(rule, asks=self._every(rule.asks)) for rule in limits.scoped)
        return Discovered(
            members=tuple(self._rewritten(member) for member in members),
            limits=Limits(
                constraints=self._every(limits.constraints), overrides=self._every(limits.overrides), scoped=scoped
            ),
            direct=tuple(direct.values()),
            indexes=self._pinned,
        )

    def _name_indexes(self) -> None:
        """Give the indexes of projects outside their final names, now that all are known.

        An index of the workspace is never among them: those have been called by its names.
        """
        sources = {ask.source for found in self._found.values() for ask in found.asks.every()}
        asked = {source.index for source in sources if isinstance(source, Registry)}
        used = {key: index for key, index in self._indexes.items() if key in asked}
        names = final_names(used, (index.name for index in self._toolchain.indexes))
        self._named = {Registry(key): Registry(name) for key, name in names.items()}
        found = {name: msgspec.structs.replace(used[key], name=name) for key, name in names.items()}
        self._pinned = tuple(found[name] for name in sorted(found))

    def _rewritten(self, asks: MemberAsks) -> MemberAsks:
        if not self._resolved:
            return asks
        return msgspec.structs.replace(
            asks,
            dependencies=self._every(asks.dependencies),
            extras={name: self._every(found) for name, found in asks.extras.items()},
            groups={name: self._every(found) for name, found in asks.groups.items()},
        )

    def _every(self, asks: tuple[Ask, ...]) -> tuple[Ask, ...]:
        return tuple(self._one(ask) for ask in asks)

    def _one(self, ask: Ask) -> Ask:
        if ask.source is None:
            return ask
        resolved = self._named.get(ask.source) or self._resolved.get((ask.requirement.name, ask.source))
        return ask if resolved is None or resolved == ask.source else msgspec.structs.replace(ask, source=resolved)


def _bare(requirement: Requirement) -> Requirement:
    """A requirement whose URL has become its source."""
    return msgspec.structs.replace(requirement, url="") if requirement.url else requirement
