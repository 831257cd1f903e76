"""Declared conflicts: members, extras and groups of which only one can be in an environment.

What a selection reaches counts as selected. So the items that are active are computed first, along the members' edges
to members, which hold no condition on what is active; then every other edge is read with these settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

from interlock.core.lock.flow import Flow
from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Edge, LockedMember
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    Marker,
    evaluate,
    extras_in,
    parse_marker,
    requires_python_marker,
    restrict_key,
    simplify,
)
from interlock.core.markers.environment import conflict_key
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import GroupName
from interlock.core.requirements.slot import group_table
from interlock.errors import UsageError

__all__ = ["Activity", "ConflictingSelection", "activity", "conflicting", "members_condition"]

Offered = Mapping[ConflictItem, Marker]
"""Extras and groups that are left to the user of a lock file, and when they are wanted (PEP 751)."""


class ConflictingSelection(UsageError):
    """What was selected, or what it reaches, is declared to be incompatible."""

    code = "conflicting-selection"


class Activity:
    """Where each item of the declared conflicts is active for one selection."""

    def __init__(self, graph: Graph, selection: Selection, where: dict[str, Marker]) -> None:
        self._graph = graph
        self._selection = selection
        self._where = where
        """By conflict key: the environments it is active in; none for items that are not in conflict."""

    def __repr__(self) -> str:
        return f"<Activity of {sorted(self._where)}>"

    def where(self, item: ConflictItem) -> Marker:
        return self._where.get(item.key, FALSE)

    def clashes(self, assuming: Marker = TRUE) -> list[tuple[ConflictItem, ConflictItem, Marker]]:
        """Pairs of items in conflict that are both active in some of these environments."""
        found = []
        for conflict in self._graph.lock.inputs.conflicts:
            active = [item for item in conflict if self.where(item) is not FALSE]
            for one, other in combinations(active, 2):
                both = self.where(one) & self.where(other) & assuming
                if not both.is_false:
                    found.append((one, other, both))
        return found

    def refuse(self, assuming: Marker = TRUE, environment: Mapping[str, str] | None = None) -> None:
        """Raise :class:`ConflictingSelection` for two items that are both active: somewhere, or in one environment."""
        for one, other, both in self.clashes(assuming):
            if environment is None or evaluate(both, environment, frozenset()):
                raise self._refusal(one, other, both)

    def strict(self) -> Callable[[str], Marker]:
        """Reads an edge's condition as it is with this selection, memoised by text."""
        return _Settled(self._where, frozenset())

    def union(self) -> Callable[[str], Marker]:
        """The same for what only looks: where items in conflict are both active, what any of them needs holds."""
        both = {item.key for one, other, _ in self.clashes() for item in (one, other)}
        return _Settled(self._where, frozenset(both))

    def _refusal(self, one: ConflictItem, other: ConflictItem, both: Marker) -> ConflictingSelection:
        ways = [_way(self._graph, self._selection, item, both) for item in (one, other)]
        return conflicting((one, other), ways)


def conflicting(items: Sequence[ConflictItem], ways: Sequence[list[ConflictItem]]) -> ConflictingSelection:
    """The error for items that are all wanted; each with the way that leads from what was selected to it."""
    parts = [_worded(item, way) for item, way in zip(items, ways, strict=True)]
    return ConflictingSelection(
        f"{', '.join(parts[:-1])} and {parts[-1]} are declared as conflicting and cannot be installed together.",
        hint=_hint(ways),
        facts={
            "conflict": [item.key for item in items],
            "selected": [way[0].key for way in ways if way],
            "paths": [[item.key for item in way] for way in ways],
        },
    )


def activity(graph: Graph, selection: Selection, offered: Offered | None = None) -> Activity:
    """What is active with a selection: what it names and what that reaches through members."""
    declared = {item.key for conflict in graph.lock.inputs.conflicts for item in conflict}
    if not declared:
        return Activity(graph, selection, {})
    flow: Flow[Marker] = Flow(graph, nothing=FALSE, weigh=_to_members(graph), admits=members_condition)
    found: dict[str, Marker] = {}
    for part in selection.members:
        for item in _items(part):
            _start(flow, graph, item, TRUE, found)
    for item, marker in (offered or {}).items():
        _start(flow, graph, item, marker, found)
    flow.run()
    for (place, extra), marker in flow.values.items():
        target = flow.targets[place]
        assert isinstance(target, LockedMember), "packages lead to no members"
        key = conflict_key(target.name, extra or None)
        found[key] = found.get(key, FALSE) | marker
    hull = graph.lock.requires_python
    assuming = requires_python_marker(hull) if hull else TRUE
    where = {key: simplify(marker, assuming) for key, marker in found.items() if key in declared}
    return Activity(graph, selection, where)


def members_condition(target: object) -> Marker:
    """A member is not wanted on a Python that it does not support, nor is what only it needs."""
    if isinstance(target, LockedMember) and target.requires_python:
        return requires_python_marker(target.requires_python)
    return TRUE


def _start(flow: Flow[Marker], graph: Graph, item: ConflictItem, where: Marker, found: dict[str, Marker]) -> None:
    member = graph.members.get(item.member)
    if member is None:
        return
    condition = where & members_condition(member)
    if item.group is None:
        found[item.key] = found.get(item.key, FALSE) | condition
        flow.arrive(member, item.extra or "", condition)
        return
    condition = condition & requires_python_marker(member.table_pythons.get(group_table(item.group), ""))
    flow.start(member.groups.get(item.group, ()), condition)
    for group in _with_included(member, item.group):
        key = ConflictItem(item.member, None, group).key
        found[key] = found.get(key, FALSE) | condition


def _with_included(member: LockedMember, group: GroupName) -> list[GroupName]:
    found = [group]
    for name in found:
        found += [included for included in member.includes.get(name, ()) if included not in found]
    return found


def _items(part: MemberSelection) -> Iterable[ConflictItem]:
    if part.project:
        yield ConflictItem(part.member)
    yield from (ConflictItem(part.member, extra) for extra in part.extras)
    yield from (ConflictItem(part.member, None, group) for group in part.groups)


def _to_members(graph: Graph) -> Callable[[Edge], Marker]:
    def weigh(edge: Edge) -> Marker:
        if edge.name not in graph.members or not isinstance(graph.target(edge), LockedMember):
            return FALSE
        return parse_marker(edge.marker) if edge.marker else TRUE

    return weigh


class _Settled:
    """Reads conditions: each conflict key replaced by where it is active, memoised by text."""

    __slots__ = ("_free", "_memo", "_where")

    def __init__(self, where: Mapping[str, Marker], free: frozenset[str]) -> None:
        self._where = where
        self._free = free
        self._memo: dict[str, Marker] = {"": TRUE}

    def __repr__(self) -> str:
        return f"_Settled({sorted(self._where)})"

    def __call__(self, text: str) -> Marker:
        found = self._memo.get(text)
        if found is None:
            found = parse_marker(text)
            for key in sorted(extras_in(found)):
                where = self._where.get(key, FALSE)
                otherwise = restrict_key(found, key, False)
                active = restrict_key(found, key, True) & where
                found = active | otherwise if key in self._free else active | otherwise & ~where
            self._memo[text] = found
        return found


def _way(graph: Graph, selection: Selection, item: ConflictItem, where: Marker) -> list[ConflictItem]:
    """The shortest way from what is selected to an item, in one of these environments."""
    ways = {start: [start] for part in selection.members for start in _items(part)}
    queue = list(ways)
    for here in queue:
        if here == item:
            return ways[here]
        member = graph.members.get(here.member)
        if member is None:
            continue
        for following in _following(graph, member, here, where):
            if following not in ways:
                ways[following] = [*ways[here], following]
                queue.append(following)
    return [item]


def _following(graph: Graph, member: LockedMember, here: ConflictItem, where: Marker) -> Iterable[ConflictItem]:
    edges: tuple[Edge, ...]
    if here.group is not None:
        edges = member.groups.get(here.group, ())
        yield from (ConflictItem(here.member, None, group) for group in member.includes.get(here.group, ()))
    elif here.extra is not None:
        edges = member.extras.get(here.extra, ())
        yield ConflictItem(here.member)
    else:
        edges = member.dependencies
    weigh = _to_members(graph)
    for edge in edges:
        if not weigh(edge).is_disjoint(where):
            yield ConflictItem(edge.name)
            yield from (ConflictItem(edge.name, extra) for extra in edge.extras)


def _hint(ways: Sequence[list[ConflictItem]]) -> str:
    # Of groups the one that nobody named, where there is one: it is selected by itself.
    groups = sorted({way[0].group for way in ways if way and way[0].group is not None}, key=lambda name: name != "dev")
    if groups:
        flag = "--no-dev" if groups[0] == "dev" else f"--no-group {groups[0]}"
        return f"Select only one of them; `{flag}` leaves the group `{groups[0]}` out."
    starts = {way[0].member for way in ways if way}
    own = ", or give each member its own environment" if len(starts) > 1 else ""
    return f"Select only one of them{own}."


def _worded(item: ConflictItem, way: list[ConflictItem]) -> str:
    if item.extra:
        text = f"the extra `{item.extra}` of {item.member}"
    elif item.group:
        text = f"the group `{item.group}` of {item.member or 'the workspace root'}"
    else:
        text = f"the member {item.member}"
    return text if len(way) < 2 else f"{text} (needed by {' -> '.join(step.key for step in way[:-1])})"
