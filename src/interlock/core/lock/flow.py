"""Conditions flowing along the edges of a lock: the least fixpoint from some roots."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from interlock.core.lock.graph import Graph, Target
from interlock.core.lock.model import Edge
from interlock.core.markers.diagram import Marker
from interlock.core.names import ExtraName, NormalizedName

__all__ = ["Flow"]

V = TypeVar("V", Marker, int)
Node = tuple[int, str]
"""Identity of a target, and one of its extras or nothing."""


class Flow(Generic[V]):
    """Conditions, markers or sets of bits, that have arrived at each target and at each extra of it.

    What arrives by an edge is ANDed with the edge's weight and with what the target admits; what arrives by several is
    ORed. Both lattices are finite, so it ends although extras make cycles legal.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        nothing: V,
        weigh: Callable[[Edge], V],
        admits: Callable[[Target], V],
        prune: frozenset[NormalizedName] = frozenset(),
    ) -> None:
        self._graph = graph
        self._nothing: V = nothing
        self._weigh: Callable[[Edge], V] = weigh
        self._admits: Callable[[Target], V] = admits
        self._prune = prune
        self._queue: deque[Node] = deque()
        self._queued: set[Node] = set()
        self.values: dict[Node, V] = {}
        self.targets: dict[int, Target] = {}

    def __repr__(self) -> str:
        return f"Flow({len(self.values)} nodes, {len(self._queue)} to do)"

    def start(self, edges: Iterable[Edge], condition: V) -> None:
        """Let a condition flow from a root."""
        nothing = self._nothing
        for edge in edges:
            if edge.name in self._prune:
                continue
            passed = condition & self._weigh(edge)
            if passed == nothing:
                continue
            target = self._graph.target(edge)
            self.targets[id(target)] = target
            passed = passed & self._admits(target)
            if passed == nothing:
                continue
            self.arrive(target, "", passed)
            for extra in edge.extras:
                self.arrive(target, extra, passed)

    def arrive(self, target: Target, extra: str, condition: V) -> None:
        """Let a condition hold at a node."""
        self.targets[id(target)] = target
        node = (id(target), extra)
        before = self.values.get(node, self._nothing)
        after = before | condition
        if after != before:
            self.values[node] = after
            if node not in self._queued:
                self._queued.add(node)
                self._queue.append(node)

    def run(self) -> None:
        """Let everything flow until nothing changes."""
        while self._queue:
            node = self._queue.popleft()
            self._queued.discard(node)
            target, extra = self.targets[node[0]], node[1]
            edges = target.extras.get(ExtraName(extra), ()) if extra else target.dependencies
            self.start(edges, self.values[node])
