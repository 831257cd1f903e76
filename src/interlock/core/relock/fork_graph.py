"""The forks of a resolution as one graph: who asks for what, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from interlock.core.markers.diagram import FALSE, TRUE, Marker, any_of
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.resolver.dependencies import ROOT
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

    def __init__(self, forks: Sequence[Marker]) -> None:
        self._forks = forks
        self._envs: list[Marker] = []
        self._bits: dict[Marker, int] = {}
        self._within: dict[tuple[Marker, int], int] = {}
        self._unions: dict[int, Marker] = {0: FALSE}
        self._touched: dict[Marker, int] = {}

    def within(self, part: Marker, forks: int) -> int:
        """The regions of a part of a package in a set of forks, of which bit *i* stands for fork *i*."""
        found = self._within.get((part, forks))
        if found is None:
            found = 0
            for at, env in enumerate(self._forks):
                if forks >> at & 1:
                    found |= self._bit(env if part is TRUE else env & part)
            self._within[part, forks] = found
        return found

    def _bit(self, env: Marker) -> int:
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

    def __init__(self, resolver: Resolver, forks: Sequence[ForkSolution]) -> None:
        self.resolver = resolver
        self.envs: dict[Node, Marker] = {}
        self.slot_envs: dict[_Parent, Marker] = {}
        self.edges: dict[_Parent, dict[Child, Marker]] = {}
        self.reach: dict[_Parent, Marker] = {}
        self._regions = _Regions([fork.env for fork in forks])
        self._chosen: dict[_Parent, int] = {}
        self._told: dict[_Parent, dict[tuple[Child, Marker], int]] = {}
        """By parent: what it asks for under which marker, and in which regions that was chosen."""
        self._lay(forks)
        self._trace()

    def _lay(self, forks: Sequence[ForkSolution]) -> None:
        """Lay the forks over each other. Most is the same in all, so a candidate is looked at once and not per fork."""
        chosen = _chosen_in(forks)
        of, region = self.resolver.dependencies.of, self.resolver.parts.region
        for key, candidates in chosen.items():
            part = region(key)
            for node, inside in candidates:
                told: dict[tuple[Child, Marker], int] = {}
                for dependency in of(key, node.position):
                    if dependency.kind == "constraint":
                        continue
                    name, group = dependency.requirement.name, dependency.group
                    extras = dependency.requirement.extras if group is None else ()
                    for other, there in chosen.get(PackageKey(name, None, group, dependency.part), ()):
                        both = inside & there
                        if both:
                            edge = (Child(other, extras, group), dependency.marker)
                            told[edge] = told.get(edge, 0) | both
                self._tell_of((node, Slot(key.extra, key.group)), part, inside, told)

    def _tell_of(self, parent: _Parent, part: Marker, inside: int, told: Mapping[tuple[Child, Marker], int]) -> None:
        within = self._regions.within
        self._chosen[parent] = self._chosen.get(parent, 0) | within(part, inside)
        known = self._told.setdefault(parent, {})
        for edge, both in told.items():
            known[edge] = known.get(edge, 0) | within(part, both)

    def _trace(self) -> None:
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


def _chosen_in(forks: Sequence[ForkSolution]) -> dict[PackageKey, list[tuple[Node, int]]]:
    """By package the candidates that were chosen, each with its forks: bit *i* stands for fork *i*."""
    positions: dict[PackageKey, dict[int, int]] = {}
    for at, fork in enumerate(forks):
        bit = 1 << at
        for key, position in fork.chosen.items():
            found = positions.setdefault(key, {})
            found[position] = found.get(position, 0) | bit
    return {
        key: [(Node(key.name, position), inside) for position, inside in found.items()]
        for key, found in positions.items()
    }
