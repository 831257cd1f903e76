"""Where everything in a lock is needed: the conditions that flow from the members along the edges."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from interlock.core.lock.flow import Flow, Node
from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Lock
from interlock.core.markers.diagram import FALSE, TRUE, Marker, parse_marker, requires_python_marker
from interlock.core.members.asks import MemberAsks
from interlock.core.names import ExtraName, NormalizedName

__all__ = ["Needed", "extra_selected_where", "needed", "same_elsewhere", "selected_where"]

Needed = dict[Node, Marker]
"""By the identity of a member or package of the lock, and one of its extras or nothing."""


def needed(
    lock: Lock,
    asks: Mapping[NormalizedName, MemberAsks],
    world: Marker,
    *,
    without: Collection[NormalizedName] = (),
) -> Needed:
    """The condition under which each target and extra is needed; ``without`` the groups of some members."""
    graph = Graph(lock)
    flow: Flow[Marker] = Flow(
        graph,
        nothing=FALSE,
        weigh=lambda edge: parse_marker(edge.marker) if edge.marker else TRUE,
        admits=lambda _: TRUE,
    )
    for member in lock.members:
        bounds, where = asks[member.name].group_requires_python, selected_where(asks[member.name], world)
        flow.start(member.dependencies, where)
        flow.arrive(member, "", where)
        for extra, edges in member.extras.items():
            there = extra_selected_where(asks[member.name], extra, world)
            flow.start(edges, there)
            flow.arrive(member, extra, there)
        for group, edges in () if member.name in without else member.groups.items():
            bound = bounds.get(group, "")
            flow.start(edges, where & requires_python_marker(bound) if bound else where)
    flow.run()
    return flow.values


def selected_where(asks: MemberAsks, world: Marker) -> Marker:
    """The environments a member can be selected in."""
    return requires_python_marker(asks.requires_python) & world


def extra_selected_where(asks: MemberAsks, extra: ExtraName, world: Marker) -> Marker:
    """The environments an extra of a member can be selected in."""
    return selected_where(asks, world) & requires_python_marker(asks.extra_requires_python.get(extra, ""))


def same_elsewhere(left: Needed, right: Needed, old: Lock, changed: Collection[NormalizedName]) -> bool:
    """Whether nothing of the old lock is needed in other places than before, the changed members aside."""
    others = {id(package) for package in old.packages}
    others |= {id(member) for member in old.members if member.name not in changed}
    return {key: value for key, value in left.items() if key[0] in others} == {
        key: value for key, value in right.items() if key[0] in others
    }
