"""Which members a difference between two locks reaches: whose closure is not what it was.

A package that changed reaches the members that need it, in the old lock or in the new one, on any platform and with any
of their extras and groups. How an edge is written does not count, only what it points at: that a second version of a
package is locked for one member is no change for another that keeps the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from interlock.core.lock.graph import Graph, Key, Target, key_of
from interlock.core.lock.model import Edge, Lock, LockedMember
from interlock.core.lock.reach import members_reaching
from interlock.core.names import NormalizedName

__all__ = ["reached_by_changes"]

_Edges = tuple[tuple[Key, tuple[str, ...], str], ...]


def reached_by_changes(old: Lock, new: Lock) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """The members of the new lock whose closure changed, each with the names of what changed for it, sorted."""
    before, after = Graph(old), Graph(new)
    reaching = (members_reaching(old), members_reaching(new))
    found: dict[NormalizedName, set[NormalizedName]] = {}

    def note(members: Iterable[NormalizedName], name: NormalizedName) -> None:
        for member in members:
            found.setdefault(member, set()).add(name)

    for key in _differing(_contents(before), _contents(after)):
        for reached in reaching:
            note(reached.get(key, ()), NormalizedName(key[0]))
    for key in _differing(_groups(before), _groups(after)):
        # What a group asks for is its member's own business.
        note((NormalizedName(key[0]),), NormalizedName(key[0]))
    return {name: tuple(sorted(found[name])) for name in sorted(found) if name in after.members}


def _differing(before: Mapping[Key, object], after: Mapping[Key, object]) -> list[Key]:
    return sorted(key for key in {*before, *after} if before.get(key) != after.get(key))


def _contents(graph: Graph) -> dict[Key, object]:
    """What each member and package is, for those that need it."""
    found: dict[Key, object] = {}
    for target in graph.targets():
        own: object = target.package if isinstance(target, LockedMember) else target.artifacts
        found[key_of(target)] = (own, target.requires_python, *_asked(graph, target))
    return found


def _asked(graph: Graph, target: Target) -> tuple[_Edges, dict[str, _Edges]]:
    extras: dict[str, _Edges] = {extra: _edges(graph, edges) for extra, edges in target.extras.items()}
    return _edges(graph, target.dependencies), extras


def _groups(graph: Graph) -> dict[Key, object]:
    return {
        key_of(member): {group: _edges(graph, edges) for group, edges in member.groups.items()}
        for member in graph.members.values()
    }


def _edges(graph: Graph, edges: tuple[Edge, ...]) -> _Edges:
    return tuple(sorted((key_of(graph.target(edge)), edge.extras, edge.marker) for edge in edges))
