"""The forks of a resolution as one graph: who asks for what, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from interlock.core.markers.diagram import FALSE, Marker, any_of
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.resolver.dependencies import ROOT, Dependency
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.resolution import ForkSolution
from interlock.core.resolver.resolver import Resolver

__all__ = ["ROOT_NODE", "Child", "ForkGraph", "Node"]


class Node(NamedTuple):
    name: NormalizedName
    position: int


class Child(NamedTuple):
    """What an edge leads to: a node with some of its extras, or a group of it alone, which only the root asks for."""

    node: Node
    extras: tuple[ExtraName, ...]
    group: GroupName | None = None

    @property
    def slots(self) -> list[Slot]:
        return [PROJECT, *map(Slot, self.extras)] if self.group is None else [Slot(group=self.group)]


_Parent = tuple[Node, Slot]
ROOT_NODE = Node(ROOT.name, 0)


class _Regions:
    """Sets of regions as integers: bit *i* stands for region *i*, a fork or what a part of a package is for in it.

    Most of a graph is the same in all of them.
    """

    def __init__(self) -> None:
        self._envs: list[Marker] = []
        self._bits: dict[Marker, int] = {}
        self._unions: dict[int, Marker] = {0: FALSE}
        self._touched: dict[Marker, int] = {}

    def bit(self, env: Marker) -> int:
        found = self._bits.get(env)
        if found is None:
            found = self._bits[env] = 1 << len(self._envs)
            self._envs.append(env)
        return found

    def union(self, regions: int) -> Marker:
        """The environments and selections of a set of regions."""
        found = self._unions.get(regions)
        if found is None:
            found = any_of(env for at, env in enumerate(self._envs) if regions >> at & 1)
            self._unions[regions] = found
        return found

    def touched(self, where: Marker) -> int:
        """The regions in which a marker can hold; asked for when all of them are known."""
        found = self._touched.get(where)
        if found is None:
            found = sum(1 << i for i, env in enumerate(self._envs) if not env.is_disjoint(where))
            self._touched[where] = found
        return found


class ForkGraph:
    """The union of the forks: nodes with the environments they were chosen in, edges with those they apply in."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.envs: dict[Node, Marker] = {}
        self.slot_envs: dict[_Parent, Marker] = {}
        self.edges: dict[_Parent, dict[Child, Marker]] = {}
        self.reach: dict[_Parent, Marker] = {}
        self._regions = _Regions()
        self._chosen: dict[_Parent, int] = {}
        self._told: dict[_Parent, dict[tuple[Child, Marker], int]] = {}
        """By parent: what it asks for under which marker, and in which regions that was chosen."""

    def add(self, fork: ForkSolution) -> None:
        chosen = fork.chosen
        for key, position in chosen.items():
            bit = self._regions.bit(self.resolver.parts.within(fork.env, key))
            parent = (Node(key.name, position), Slot(key.extra, key.group))
            self._chosen[parent] = self._chosen.get(parent, 0) | bit
            told = self._told.setdefault(parent, {})
            for dependency in self.resolver.dependencies.of(key, position):
                child = _child(dependency, chosen)
                if child is not None:
                    edge = (child, dependency.marker)
                    told[edge] = told.get(edge, 0) | bit

    def trace(self) -> None:
        """Find for every node, extra and group where it is reached from the root, and in which forks a node counts.

        A fork may have chosen something that a requirement from before the split asked for and nothing reaches there;
        resolving that fork from the start would not choose it.
        """
        for parent in self._told:
            self._tell(parent, None)
        self._spread()
        for parent, forks in self._chosen.items():
            counting = forks & self._regions.touched(self.reach.get(parent, FALSE))
            if counting:
                env = self._regions.union(counting)
                self.slot_envs[parent] = env
                self.envs[parent[0]] = self.envs.get(parent[0], FALSE) | env
        # Likewise the edges: those of a fork in which they can never be followed are not told.
        self.edges = {}
        for parent in self._told:
            if parent in self.reach:
                self._tell(parent, self.reach[parent])

    def _tell(self, parent: _Parent, reach: Marker | None) -> None:
        edges: dict[Child, Marker] = {}
        for (child, marker), told in self._told[parent].items():
            forks = told if reach is None else told & self._regions.touched(marker & reach)
            where = marker & self._regions.union(forks)
            if not where.is_false:
                edges[child] = edges[child] | where if child in edges else where
        if edges:
            self.edges[parent] = edges

    def _spread(self) -> None:
        self.reach[ROOT_NODE, PROJECT] = self.resolver.world
        queue: list[_Parent] = [(ROOT_NODE, PROJECT)]
        while queue:
            parent = queue.pop()
            here = self.reach[parent]
            for child, where in self.edges.get(parent, {}).items():
                through = here & where
                if through.is_false:
                    continue
                for slot in child.slots:
                    known = self.reach.get((child.node, slot), FALSE)
                    joined = known | through
                    if joined is not known:
                        self.reach[child.node, slot] = joined
                        queue.append((child.node, slot))


def _child(dependency: Dependency, chosen: Mapping[PackageKey, int]) -> Child | None:
    """What a dependency leads to in a fork; None where it does not apply, or only restricts."""
    name = dependency.requirement.name
    if dependency.kind == "constraint":
        return None
    position = chosen.get(PackageKey(name, None, dependency.group, dependency.part))
    if position is None:
        return None
    extras = dependency.requirement.extras if dependency.group is None else ()
    return Child(Node(name, position), extras, dependency.group)
