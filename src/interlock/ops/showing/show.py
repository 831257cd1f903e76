"""What is locked: a list of packages, and all that is known of one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import anyio.to_thread
import msgspec

from interlock.core.lock.graph import Graph
from interlock.core.lock.layout import source_key
from interlock.core.lock.model import Edge, LockedPackage
from interlock.core.lock.reach import members_reaching, reach
from interlock.core.lock.select import walk
from interlock.core.manifests.problems import suggest
from interlock.core.markers.diagram import FALSE, format_marker
from interlock.core.names import NormalizedName
from interlock.core.text.one_line import one_line
from interlock.ops.showing.installed_metadata import environment_of, read_installed_metadata
from interlock.ops.showing.links import NotInLock
from interlock.ops.showing.reading import Locked

__all__ = ["PackageDetails", "PackageLine", "Summaries", "find_summaries", "list_packages", "package_details"]


_SUMMARY = re.compile(r"^Summary:(.*(?:\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)


class PackageLine(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    version: str
    source: str
    marker: str = ""
    """When it is needed; empty when always, or when one environment was asked about."""
    members: tuple[NormalizedName, ...] = ()
    """Those that reach it."""
    direct: bool = False
    """Whether a member asks for it itself."""


class PackageDetails(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    version: str
    source: str
    requires_python: str
    dependencies: tuple[Edge, ...]
    extras: tuple[str, ...]
    files: tuple[str, ...]
    size: int
    """Of all files, in bytes; what the index does not state counts nothing."""
    needed_by: tuple[str, ...]
    members: tuple[NormalizedName, ...]


class Summaries(msgspec.Struct, frozen=True, kw_only=True):
    """What the installed packages say they are."""

    environment: bool
    """Whether there is an environment to look at."""
    known: Mapping[tuple[NormalizedName, str], str]
    """By name and version."""

    def text(self, name: NormalizedName, version: str) -> str:
        return self.known.get((name, version), "")

    def missing(self, name: NormalizedName, version: str) -> bool:
        """Whether the environment lacks it."""
        return self.environment and (name, version) not in self.known


async def find_summaries(locked: Locked) -> Summaries:
    def look() -> Summaries:
        state = environment_of(locked)
        known = {
            (name, found.version): one_line(match[1]) if (match := _SUMMARY.search(found.headers)) else ""
            for name, found in read_installed_metadata(state).items()
        }
        return Summaries(environment=state.environment is not None, known=known)

    return await anyio.to_thread.run_sync(look)


def list_packages(locked: Locked, environment: Mapping[str, str] | None, *, top_level: bool) -> tuple[PackageLine, ...]:
    """The packages that the selection needs, by name; in one environment, or with None in any."""
    graph = Graph(locked.lock)
    markers: dict[tuple[str, str, str], str] = {}
    if environment is None:
        reached = reach(locked.lock, locked.selection, union=True)
        markers = {key: format_marker(marker) for key, marker in reached.items() if marker is not FALSE}
    else:
        for packages in walk(graph, environment, locked.selection, union=True).packages.values():
            markers.update((_key(package), "") for package in packages)
    direct = _direct(graph)
    reaching = members_reaching(locked.lock)
    return tuple(
        PackageLine(
            name=package.name,
            version=package.version,
            source=source_key(package.source),
            marker=markers[_key(package)],
            members=reaching.get(_key(package), ()),
            direct=package.name in direct,
        )
        for package in locked.lock.packages
        if _key(package) in markers and (not top_level or package.name in direct)
    )


def package_details(locked: Locked, name: NormalizedName) -> tuple[PackageDetails, ...]:
    """Every locked version of a package.

    Raises :class:`NotInLock`.
    """
    graph = Graph(locked.lock)
    packages = graph.packages.get(name, [])
    if not packages:
        member = name in graph.members
        raise NotInLock(
            f"`{name}` is a member, not a locked package."
            if member
            else f"`{name}` is not in the lock.{suggest(name, graph.packages)}",
            hint=f"See `interlock tree --package {name}`." if member else None,
            facts={"package": name},
        )
    reaching = members_reaching(locked.lock)
    return tuple(
        PackageDetails(
            name=package.name,
            version=package.version,
            source=source_key(package.source),
            requires_python=package.requires_python,
            dependencies=package.dependencies,
            extras=tuple(package.extras),
            files=tuple(artifact.filename for artifact in package.artifacts),
            size=sum(artifact.size or 0 for artifact in package.artifacts),
            needed_by=_needed_by(graph, package),
            members=reaching.get(_key(package), ()),
        )
        for package in packages
    )


def _key(package: LockedPackage) -> tuple[str, str, str]:
    return (package.name, package.version, source_key(package.source))


def _direct(graph: Graph) -> frozenset[NormalizedName]:
    """Names that a member asks for itself."""
    return frozenset(edge.name for member in graph.members.values() for edge in member.every())


def _needed_by(graph: Graph, package: LockedPackage) -> tuple[str, ...]:
    """What needs it directly: names of members, names and versions of packages."""
    found = set()
    for target in graph.targets():
        if any(edge.name == package.name and graph.target(edge) is package for edge in target.every()):
            version = getattr(target, "version", "")
            found.add(f"{target.name} {version}".strip())
    return tuple(sorted(found))
