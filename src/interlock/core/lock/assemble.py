"""From the solved forks to the lock: one graph whose edges say when they apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from interlock.core.artifacts import Artifact
from interlock.core.asks import MemberAsks
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage, ResolutionInputs
from interlock.core.markers.diagram import FALSE, Marker, format_marker, lower_bound_marker, simplify
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.resolver.dependencies import ROOT, Dependency
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.resolution import ForkSolution
from interlock.core.resolver.resolver import Resolver
from interlock.core.sources import Member, Source
from interlock.core.tags import implied_marker
from interlock.core.versions import parse_version, release_key

__all__ = ["assemble", "requires_python_hull"]


class _Node(NamedTuple):
    name: NormalizedName
    position: int


_Slot = tuple[ExtraName | None, GroupName | None]
_Parent = tuple[_Node, _Slot]
_Child = tuple[_Node, tuple[ExtraName, ...]]
_ROOT_NODE = _Node(ROOT.name, 0)
_BASE: _Slot = (None, None)


class _Graph:
    """The union of the forks: nodes with the environments they were chosen in, edges with those they apply in."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.envs: dict[_Node, Marker] = {}
        self.slot_envs: dict[_Parent, Marker] = {}
        self.edges: dict[_Parent, dict[_Child, Marker]] = {}
        self.reach: dict[_Parent, Marker] = {}
        self._chosen: dict[_Parent, list[Marker]] = {}
        self._parts: list[tuple[_Parent, _Child, Marker]] = []
        """The edges fork by fork."""

    def add(self, fork: ForkSolution) -> None:
        chosen, env = fork.chosen, fork.env
        for key, position in chosen.items():
            node = _Node(key.name, position)
            self._chosen.setdefault((node, (key.extra, key.group)), []).append(env)
            edges = self.edges.setdefault((node, (key.extra, key.group)), {})
            for dependency in self.resolver.dependencies.of(key, position):
                if dependency.kind == "constraint":
                    continue
                where = dependency.marker & env
                if where.is_false:
                    continue
                for child in _children(dependency, chosen):
                    edges[child] = edges.get(child, FALSE) | where
                    self._parts.append(((node, (key.extra, key.group)), child, where))

    def trace(self) -> None:
        """Find for every node, extra and group where it is reached from the root, and in which forks a node counts.

        A fork may have chosen something that a requirement from before the split asked for and nothing reaches there;
        resolving that fork from the start would not choose it.
        """
        self.reach[_ROOT_NODE, _BASE] = self.resolver.world
        queue: list[_Parent] = [(_ROOT_NODE, _BASE)]
        while queue:
            parent = queue.pop()
            here = self.reach[parent]
            for (node, extras), where in self.edges.get(parent, {}).items():
                through = here & where
                if through.is_false:
                    continue
                slots: list[_Slot] = [_BASE] if not (extras and extras[0].startswith(":")) else []
                slots += [(None, GroupName(x[1:])) if x.startswith(":") else (x, None) for x in extras]
                for slot in slots:
                    known = self.reach.get((node, slot), FALSE)
                    joined = known | through
                    if joined is not known:
                        self.reach[node, slot] = joined
                        queue.append((node, slot))
        for parent, envs in self._chosen.items():
            here = self.reach.get(parent, FALSE)
            for env in envs:
                if not env.is_disjoint(here):
                    self.slot_envs[parent] = self.slot_envs.get(parent, FALSE) | env
                    self.envs[parent[0]] = self.envs.get(parent[0], FALSE) | env
        # Likewise the edges: those of a fork in which they can never be followed are not told.
        self.edges = {}
        for parent, child, where in self._parts:
            if parent in self.reach and not where.is_disjoint(self.reach[parent]):
                edges = self.edges.setdefault(parent, {})
                edges[child] = edges.get(child, FALSE) | where


def _children(dependency: Dependency, chosen: Mapping[PackageKey, int]) -> Iterable[_Child]:
    name = dependency.requirement.name
    if dependency.group is not None:
        # Only the root has such edges; a colon cannot occur in an extra's name.
        return [(_Node(name, chosen[PackageKey(name, None, dependency.group)]), (ExtraName(f":{dependency.group}"),))]
    if PackageKey(name) not in chosen:
        # Its depender is asked for only where this does not apply, which the solver knows.
        return []
    return [(_Node(name, chosen[PackageKey(name)]), dependency.requirement.extras)]


def assemble(
    resolver: Resolver,
    forks: tuple[ForkSolution, ...],
    *,
    inputs: ResolutionInputs,
    digests: Mapping[NormalizedName, Mapping[str, str]],
    old: Lock | None = None,
) -> Lock:
    """Merge the forks into a lock. ``digests`` are the members' resolution inputs; ``old`` keeps artifact locations."""
    graph = _Graph(resolver)
    for fork in forks:
        graph.add(fork)
    graph.trace()
    writer = _Writer(graph, old)
    members = tuple(writer.member(member, digests.get(member.name, {})) for member in resolver.problem.members)
    names = {member.name for member in resolver.problem.members}
    packages = [
        writer.package(node)
        for node in graph.envs
        if node.name not in names and node != _ROOT_NODE and (node, _BASE) in graph.reach
    ]
    world = resolver.world
    markers = tuple(sorted(format_marker(simplify(fork.env, world)) for fork in forks)) if len(forks) > 1 else ()
    return Lock(
        requires_python=requires_python_hull(member.requires_python for member in resolver.problem.members),
        inputs=inputs,
        forks=markers,
        members=tuple(sorted(members, key=lambda member: member.name)),
        packages=tuple(sorted(packages, key=_package_order)),
    )


def _package_order(package: LockedPackage) -> tuple[object, ...]:
    return (package.name, release_key(package.version), str(package.source))


class _Writer:
    def __init__(self, graph: _Graph, old: Lock | None) -> None:
        self._graph = graph
        self._facts = graph.resolver.facts
        self._world = graph.resolver.world
        self._positions: dict[NormalizedName, list[_Node]] = {}
        for node in graph.envs:
            if (node, _BASE) in graph.reach:
                self._positions.setdefault(node.name, []).append(node)
        self._known: dict[tuple[str, str], Artifact] = {}
        for package in old.packages if old is not None else ():
            for artifact in package.artifacts:
                if artifact.sha256:
                    self._known[artifact.filename, artifact.sha256] = artifact

    def member(self, member: MemberAsks, digests: Mapping[str, str]) -> LockedMember:
        node = _Node(member.name, 0)
        return LockedMember(
            name=member.name,
            path=member.path,
            inputs=dict(sorted(digests.items())),
            requires_python=member.requires_python,
            package=member.package,
            dependencies=self._edges(node, _BASE),
            extras={extra: self._edges(node, (extra, None)) for extra in sorted(member.extras)},
            groups={group: self._edges(node, (None, group)) for group in sorted(member.groups)},
        )

    def package(self, node: _Node) -> LockedPackage:
        universe = self._facts.universes[node.name]
        source = universe.source(node.position)
        several = len(self._positions[node.name]) > 1
        extras = sorted(
            slot[0] for other, slot in self._graph.reach if other == node and slot[0] is not None and slot[1] is None
        )
        return LockedPackage(
            name=node.name,
            version=universe.version(node.position),
            source=source,
            markers=(format_marker(simplify(self._graph.envs[node], self._world)),) if several else (),
            dependencies=self._edges(node, _BASE),
            extras={extra: edges for extra in extras if (edges := self._edges(node, (extra, None)))},
            artifacts=self._artifacts(node),
        )

    def _edges(self, node: _Node, slot: _Slot) -> tuple[Edge, ...]:
        reach = self._graph.reach.get((node, slot))
        if reach is None:
            return ()
        assuming = self._graph.slot_envs[node, slot]
        found = []
        for (child, extras), where in self._graph.edges.get((node, slot), {}).items():
            if (reach & where).is_false:
                continue
            version, source = self._which(child)
            marker = format_marker(simplify(where & assuming, assuming))
            found.append(Edge(name=child.name, version=version, source=source, extras=extras, marker=marker))
        return tuple(sorted(found, key=lambda edge: (edge.name, edge.version, edge.extras, edge.marker)))

    def _which(self, child: _Node) -> tuple[str, Source | None]:
        """What an edge must say besides the name so that its target is the only one meant."""
        universe = self._facts.universes[child.name]
        others = self._positions[child.name]
        source = universe.source(child.position)
        if isinstance(source, Member) or len(others) == 1:
            return "", None
        version = universe.version(child.position)
        same = [other for other in others if universe.version(other.position) == version]
        return version, source if len(same) > 1 else None

    def _artifacts(self, node: _Node) -> tuple[Artifact, ...]:
        """The files that some environment of the lock could use."""
        reach = self._graph.reach[node, _BASE]
        kept = []
        for artifact in self._graph.resolver.candidates.artifacts(node.name, node.position):
            where = lower_bound_marker(artifact.requires_python)
            if artifact.is_wheel:
                where = where & implied_marker(artifact.filename)
            if not where.is_disjoint(reach):
                known = self._known.get((artifact.filename, artifact.sha256))
                kept.append(_locked(artifact, known))
        return tuple(sorted(kept, key=lambda artifact: artifact.filename))


def _locked(artifact: Artifact, known: Artifact | None) -> Artifact:
    """What a lock keeps of an artifact; where it lies stays as it was, so that a mirror does not change the lock."""
    source = known if known is not None else artifact
    return Artifact(
        filename=artifact.filename,
        sha256=artifact.sha256,
        size=artifact.size if artifact.size is not None else source.size,
        upload_time=artifact.upload_time or source.upload_time,
        location=source.location,
    )


def requires_python_hull(specifiers: Iterable[str]) -> str:
    """The widest range any of the specifiers admits, as a lower bound; the text itself when all are equal."""
    texts = sorted(set(specifiers))
    if len(texts) <= 1:
        return texts[0] if texts else ""
    bounds = []
    for text in texts:
        lowest = [clause.strip()[2:] for clause in text.split(",") if clause.strip().startswith((">=", "==", "~="))]
        if not lowest:
            return ""
        bounds.append(max(lowest, key=lambda version: parse_version(version.removesuffix(".*"))))
    return ">=" + min(bounds, key=lambda version: parse_version(version.removesuffix(".*"))).removesuffix(".*")
