"""When each part of a lock is needed: over all paths from what is selected, the conditions along the path.

The condition of a package is the OR over its paths of the AND of the markers on the path, computed as a least fixpoint,
since extras make cycles legal. The same propagation answers which members reach a package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import compress

import msgspec

from interlock.core.lock.components import components
from interlock.core.lock.conflicts import activity, members_condition
from interlock.core.lock.flow import Flow
from interlock.core.lock.graph import Graph, Key, key_of, root_edges
from interlock.core.lock.model import Edge, Lock
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import FALSE, TRUE, Marker, any_of, parse_marker, requires_python_marker, simplify
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, GroupName, NormalizedName

__all__ = ["Offer", "assumption", "closure", "members_reaching", "reach", "selected_python"]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Extras and groups of one member that a lock file for others leaves to its user (PEP 751)."""

    member: NormalizedName
    extras: tuple[ExtraName, ...] = ()
    groups: tuple[GroupName, ...] = ()

    def markers(self) -> dict[ConflictItem, Marker]:
        """When each is wanted."""
        found = {ConflictItem(self.member, extra): parse_marker(f"'{extra}' in extras") for extra in self.extras}
        for group in self.groups:
            found[ConflictItem(self.member, None, group)] = parse_marker(f"'{group}' in dependency_groups")
        return found


def reach(
    lock: Lock,
    selection: Selection,
    *,
    offer: Offer | None = None,
    prune: frozenset[NormalizedName] = frozenset(),
    union: bool = False,
) -> dict[Key, Marker]:
    """The marker of every member and package that the selection can need in some environment.

    Markers are simplified under :func:`assumption`. What conflicts is settled: active when selected or reached, as the
    PEP 751 variable says when offered. What is in ``prune`` is left out together with what only it needs. ``union`` is
    for what only looks: all sides of what conflicts, and no refusal.
    Raises :class:`~interlock.core.lock.conflicts.ConflictingSelection`.
    """
    graph = Graph(lock)
    assuming = assumption(lock, selected_python(lock, selection))
    if not union:
        activity(graph, selection).refuse(assuming)
    active = activity(graph, selection, offer.markers() if offer else {})
    settled = active.union() if union else active.strict()
    found = _reach(graph, selection, offer, settled, prune)
    return {
        key_of(found.targets[node]): simplify(marker, assuming)
        for (node, extra), marker in found.values.items()
        if not extra
    }


def selected_python(lock: Lock, selection: Selection) -> str:
    """The Python range of what is selected: the members' own when they agree, else the lock's hull."""
    chosen = {part.member for part in selection.members}
    ranges = {member.requires_python for member in lock.members if member.name in chosen}
    return ranges.pop() if len(ranges) == 1 else lock.requires_python


def assumption(lock: Lock, requires_python: str) -> Marker:
    """What may be taken for granted wherever the lock is used."""
    assuming = requires_python_marker(requires_python) if requires_python else TRUE
    if lock.inputs.environments:
        assuming &= any_of(map(parse_marker, lock.inputs.environments))
    return assuming


def closure(lock: Lock, *members: NormalizedName, graph: Graph | None = None) -> frozenset[NormalizedName]:
    """The names that members reach in any environment with any of their extras and groups, themselves included."""
    graph = graph or Graph(lock)
    found = set(members)
    seen: dict[int, set[ExtraName]] = {}
    stack = [tuple(graph.member(name).every()) for name in members]
    while stack:
        for edge in stack.pop():
            target = graph.only.get(edge.name) or graph.target(edge)
            extras = seen.get(id(target))
            if extras is None:
                extras = seen[id(target)] = set()
                found.add(target.name)
                stack.append(target.dependencies)
            for extra in edge.extras:
                if extra not in extras:
                    extras.add(extra)
                    stack.append(target.extras.get(extra, ()))
    return frozenset(found)


def members_reaching(lock: Lock) -> dict[Key, tuple[NormalizedName, ...]]:
    """Which members reach each member and package, in any environment with any of their extras and groups.

    A member reaches itself. Sets of members are integers, and flow once through each component of the graph: what is on
    a common circle is reached by the same members.
    """
    graph = Graph(lock)
    nodes = _Nodes(graph)
    names = sorted(graph.members)
    arrived: dict[_Node, int] = {(id(graph.members[name]), None): 1 << bit for bit, name in enumerate(names)}
    for component in components(list(arrived), nodes.following):
        bits = 0
        for node in component:
            bits |= arrived.get(node, 0)
        for node in component:
            arrived[node] = bits
            for after in nodes.following[node]:
                arrived[after] = arrived.get(after, 0) | bits
    result: dict[Key, tuple[NormalizedName, ...]] = {}
    known: dict[int, tuple[NormalizedName, ...]] = {}
    for target in graph.targets():
        bits = arrived.get((id(target), ""), 0) | arrived.get((id(target), None), 0)
        found = known.get(bits)
        if found is None:
            found = known[bits] = tuple(compress(names, map(int, reversed(f"{bits:b}"))))
        result[key_of(target)] = found
    return result


_Node = tuple[int, str | None]
"""Identity of a target, and one of its extras, nothing, or None for a member with all that it has."""


class _Nodes:
    """What each target, each of its extras and each whole member leads to, as far as members reach it."""

    def __init__(self, graph: Graph) -> None:
        self.following: dict[_Node, list[_Node]] = {}
        waiting: list[tuple[_Node, Iterable[Edge]]] = [
            ((id(member), None), member.every()) for member in graph.members.values()
        ]
        while waiting:
            node, edges = waiting.pop()
            if node in self.following:
                continue
            after = self.following[node] = []
            for edge in edges:
                needed = graph.only.get(edge.name) or graph.target(edge)
                for extra in ("", *edge.extras):
                    after.append((id(needed), extra))
                    if after[-1] not in self.following:
                        more = needed.extras.get(ExtraName(extra), ()) if extra else needed.dependencies
                        waiting.append((after[-1], more))

    def __repr__(self) -> str:
        return f"<_Nodes: {len(self.following)}>"


def _reach(
    graph: Graph,
    selection: Selection,
    offer: Offer | None,
    settled: Callable[[str], Marker],
    prune: frozenset[NormalizedName],
) -> Flow[Marker]:
    flow: Flow[Marker] = Flow(
        graph, nothing=FALSE, weigh=lambda edge: settled(edge.marker), admits=members_condition, prune=prune
    )
    for part in selection.members:
        member = graph.member(part.member)
        if part.project and member.name not in prune:
            flow.arrive(member, "", members_condition(member))
        for slot, edges in zip(part.slots, root_edges(member, part), strict=True):
            python = requires_python_marker(member.table_pythons.get(slot.table, ""))
            flow.start(edges, members_condition(member) & python)
    if offer:
        member = graph.member(offer.member)
        everything = MemberSelection(member=member.name, project=False, extras=offer.extras, groups=offer.groups)
        offered = zip(offer.markers().values(), everything.slots, root_edges(member, everything), strict=True)
        for marker, slot, edges in offered:
            python = requires_python_marker(member.table_pythons.get(slot.table, ""))
            flow.start(edges, marker & members_condition(member) & python)
    flow.run()
    return flow
