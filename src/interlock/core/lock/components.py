"""Strongly connected components of a graph: what lies on common circles, in an order in which edges only lead on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

__all__ = ["components"]

N = TypeVar("N", bound=Hashable)


def components(nodes: Iterable[N], following: Mapping[N, Sequence[N]]) -> list[list[N]]:
    """The components, each before those that it leads to; in time linear in nodes and edges, whatever their depth.

    Tarjan's algorithm, with a stack of its own: a lock's chains are as long as it likes.
    """
    search = _Search(following)
    for node in nodes:
        if node not in search.order:
            search.run(node)
    search.found.reverse()
    return search.found


class _Search(Generic[N]):
    def __init__(self, following: Mapping[N, Sequence[N]]) -> None:
        self.following = following
        self.order: dict[N, int] = {}
        """When each node was come by."""
        self.lowest: dict[N, int] = {}
        """The earliest open node that each leads back to, as far as is known."""
        self.open: dict[N, None] = {}
        """Nodes whose component is not known yet, in order."""
        self.found: list[list[N]] = []

    def run(self, start: N) -> None:
        path = [(start, iter(self._enter(start)))]
        while path:
            node, left = path[-1]
            target = next(left, None)
            if target is None:
                path.pop()
                self._leave(node)
                if path:
                    above = path[-1][0]
                    self.lowest[above] = min(self.lowest[above], self.lowest[node])
            elif target not in self.order:
                path.append((target, iter(self._enter(target))))
            elif target in self.open:
                self.lowest[node] = min(self.lowest[node], self.order[target])

    def _enter(self, node: N) -> Sequence[N]:
        self.order[node] = self.lowest[node] = len(self.order)
        self.open[node] = None
        return self.following.get(node, ())

    def _leave(self, node: N) -> None:
        if self.lowest[node] != self.order[node]:
            return
        component: list[N] = []
        while not component or component[-1] != node:
            component.append(self.open.popitem()[0])
        self.found.append(component)
