"""From the solved forks to the lock: one graph whose edges say when they apply.

::

    fork python < 3.10      web -> numpy 1.26        web    numpy 1.26   python < 3.10
    fork python >= 3.10     web -> numpy 2.1    =>          numpy 2.1    python >= 3.10
                            web -> click 8                  click 8

:mod:`fork_graph` lays the forks over each other: a node is one version of one package, an edge has the regions in which
some fork has it. An edge that is in all of them has no marker. Where it is not, the marker says no more than what is
left to say where its parent is needed at all (:func:`~interlock.core.markers.restriction.simplify`), so that markers
stay short and one that nobody changed stays as it is written.

Files are kept if an environment that the package is needed in could use them: that is why a lock for Linux alone has no
wheels for Windows.
"""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.tags import implied_marker
from interlock.core.lock.layout import edge_order, package_order
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage, ResolutionInputs, format_of
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import (
    FALSE,
    Marker,
    extras_in,
    format_marker,
    lower_bound_marker,
    parse_marker,
    simplify,
)
from interlock.core.members.asks import MemberAsks
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.relock.fork_graph import ROOT_NODE, ForkGraph, Node
from interlock.core.relock.kept_files import KeptFiles
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.resolver.conflicting_dependency import conflicting_dependency
from interlock.core.resolver.resolution import ForkSolution
from interlock.core.resolver.resolver import Resolver
from interlock.core.sources.source import Member, Source
from interlock.core.versions.hull import requires_python_hull

__all__ = ["assemble"]


def assemble(
    resolver: Resolver,
    forks: tuple[ForkSolution, ...],
    *,
    inputs: ResolutionInputs,
    old: Lock | None = None,
) -> Lock:
    """Merge the forks into a lock, without the digests of its members' inputs; ``old`` keeps artifact locations."""
    graph = ForkGraph(resolver, forks)
    writer = _Writer(graph, old, inputs)
    members = tuple(writer.member(member) for member in resolver.problem.members)
    names = {member.name for member in resolver.problem.members}
    packages = [
        writer.package(node)
        for node in graph.envs
        if node.name not in names and node != ROOT_NODE and (node, PROJECT) in graph.reach
    ]
    world = resolver.world
    markers = tuple(sorted(format_marker(simplify(fork.env, world)) for fork in forks)) if len(forks) > 1 else ()
    return Lock(
        requires_python=requires_python_hull(member.requires_python for member in resolver.problem.members),
        format=format_of(inputs),
        inputs=inputs,
        forks=markers,
        members=tuple(sorted(members, key=lambda member: member.name)),
        packages=tuple(sorted(packages, key=package_order)),
    )


class _Writer:
    def __init__(self, graph: ForkGraph, old: Lock | None, inputs: ResolutionInputs) -> None:
        self._graph = graph
        self._kept = KeptFiles(old, inputs, graph.resolver.problem)
        self._facts = graph.resolver.facts
        self._world = graph.resolver.world
        self._sides = graph.resolver.sides
        self._asks = {member.name: member for member in graph.resolver.problem.members}
        self._members = frozenset(self._asks)
        self._extras: dict[Node, list[ExtraName]] = {}
        for node, slot in graph.reach:
            if slot.extra is not None:
                self._extras.setdefault(node, []).append(slot.extra)
        self._positions: dict[NormalizedName, list[Node]] = {}
        for node in graph.envs:
            if (node, PROJECT) in graph.reach:
                self._positions.setdefault(node.name, []).append(node)
        self._known: dict[tuple[str, str], Artifact] = {}
        for package in old.packages if old is not None else ():
            for artifact in package.artifacts:
                if artifact.sha256:  # pragma: no branch - old locks have hashes
                    self._known[artifact.filename, artifact.sha256] = artifact

    def member(self, member: MemberAsks) -> LockedMember:
        node = Node(member.name, 0)
        return LockedMember(
            name=member.name,
            path=member.path,
            requires_python=member.requires_python,
            package=member.package,
            table_pythons=member.table_pythons,
            dependencies=self._edges(node, PROJECT),
            extras={extra: self._edges(node, Slot(extra)) for extra in sorted(member.extras)},
            groups={group: self._edges(node, Slot(group=group)) for group in sorted(member.groups)},
            includes=self._includes(member),
            left_out=member.left_out,
        )

    def _includes(self, member: MemberAsks) -> dict[GroupName, tuple[GroupName, ...]]:
        reached = self._graph.resolver.activation.reached
        found: dict[GroupName, tuple[GroupName, ...]] = {}
        for group in sorted(member.groups):
            included = {inclusion.group for inclusion in member.includes_of(Slot(group=group))}
            names = sorted(name for name in included if name and reached(ConflictItem(member.name, None, name)))
            if names:
                found[group] = tuple(names)
        return found

    def package(self, node: Node) -> LockedPackage:
        universe = self._facts.universes[node.name]
        source = universe.source(node.position)
        several = len(self._positions[node.name]) > 1
        return LockedPackage(
            name=node.name,
            version=universe.version(node.position),
            source=source,
            markers=(self._marker(self._graph.envs[node], self._world),) if several else (),
            dependencies=self._edges(node, PROJECT),
            extras={
                extra: edges
                for extra in sorted(self._extras.get(node, ()))
                if (edges := self._edges(node, Slot(extra)))
            },
            artifacts=self._artifacts(node),
        )

    def _edges(self, node: Node, slot: Slot) -> tuple[Edge, ...]:
        found = self._to_members(node, slot) if self._sides and node.name in self._members else []
        reach = self._graph.reach.get((node, slot))
        if reach is None:
            return tuple(sorted(found, key=edge_order))
        assuming = self._graph.slot_envs[node, slot]
        if self._sides and node.name in self._members:
            assuming = assuming & self._graph.resolver.activation.of(node.name, *slot)
        for (child, extras, _), where in self._graph.edges.get((node, slot), {}).items():
            if (reach & where).is_false:  # pragma: no cover - edges are told where they are followed
                continue
            if self._sides and child.name in self._members:
                if node.name not in self._members:
                    self._refuse_conflicting(node, child, extras)
                else:
                    continue
            version, source = self._which(child)
            marker = self._marker(where, assuming)
            found.append(Edge(name=child.name, version=version, source=source, extras=extras, marker=marker))
        return tuple(sorted(found, key=edge_order))

    def _marker(self, where: Marker, assuming: Marker) -> str:
        """What is left to say where the assumption holds, and no two items in conflict are active."""
        if self._sides:
            assuming = self._sides.consistent(assuming, extras_in(where) | extras_in(assuming))
        return self._sides.write(format_marker(simplify(where & assuming, assuming)))

    def _to_members(self, node: Node, slot: Slot) -> list[Edge]:
        """A member's edges to members, as its manifest has them: what is active is computed from these, so they depend
        on nothing that is."""
        found: dict[tuple[NormalizedName, tuple[ExtraName, ...]], Marker] = {}
        world = self._graph.resolver.world
        for requirement, marker in self._graph.resolver.dependencies.itself(ConflictItem(node.name, *slot)):
            where = marker & world
            if requirement.name in self._members and not where.is_false:
                key = requirement.name, requirement.extras
                found[key] = found.get(key, FALSE) | where
        for extra, where in self._own_extras(ConflictItem(node.name, *slot)):
            found[node.name, (extra,)] = found.get((node.name, (extra,)), FALSE) | where
        return [
            Edge(name=name, extras=extras, marker=format_marker(simplify(where, world)))
            for (name, extras), where in found.items()
        ]

    def _own_extras(self, item: ConflictItem) -> Iterable[tuple[ExtraName, Marker]]:
        """The extras of the same member that an item includes and that lead to something in conflict."""
        asks = self._asks[item.member]
        for inclusion in asks.includes_of(item.slot):
            extra = inclusion.extra
            if extra is not None and self._graph.resolver.activation.reached(ConflictItem(item.member, extra)):
                where = parse_marker(inclusion.marker) & self._graph.resolver.world
                if not where.is_false:  # pragma: no branch - one that holds nowhere is not read
                    yield extra, where

    def _refuse_conflicting(self, node: Node, child: Node, extras: tuple[ExtraName, ...]) -> None:
        """Only members may need what conflicts."""
        for extra in (None, *extras):
            item = ConflictItem(child.name, extra)
            reached = self._graph.resolver.activation.reached(item)
            if reached:
                version = self._facts.universes[node.name].version(node.position)
                raise conflicting_dependency(node.name, version, item, reached)

    def _which(self, child: Node) -> tuple[str, Source | None]:
        """What an edge must say besides the name so that its target is the only one meant."""
        universe = self._facts.universes[child.name]
        others = self._positions[child.name]
        source = universe.source(child.position)
        if isinstance(source, Member) or len(others) == 1:
            return "", None
        version = universe.version(child.position)
        same = [other for other in others if universe.version(other.position) == version]
        return version, source if len(same) > 1 else None

    def _artifacts(self, node: Node) -> tuple[Artifact, ...]:
        """The files that some environment of the lock could use."""
        reach = self._graph.reach[node, PROJECT]
        universe = self._facts.universes[node.name]
        before = self._kept.find(node.name, universe.version(node.position), universe.source(node.position))
        kept = []
        for artifact in self._graph.resolver.candidates.artifacts(node.name, node.position):
            where = lower_bound_marker(artifact.requires_python)
            if artifact.is_wheel:
                where = where & implied_marker(artifact.filename)
            if not where.is_disjoint(reach) and (before is None or self._kept.admits(before, artifact.filename, where)):
                known = self._known.get((artifact.filename, artifact.sha256))
                kept.append(_locked(artifact, known))
        return tuple(sorted(kept, key=lambda artifact: artifact.filename))


def _locked(artifact: Artifact, known: Artifact | None) -> Artifact:
    """What a lock keeps of an artifact; what it knows of the very same file stays, so that a mirror does not change the
    lock."""
    if known is not None:
        return known
    return Artifact(
        filename=artifact.filename,
        sha256=artifact.sha256,
        hashes=artifact.hashes,
        size=artifact.size,
        upload_time=artifact.upload_time,
        location=artifact.location,
    )
