"""Where each part of a lock is needed: markers over environments and over the conflict items that are on.

An item of a conflict is on when it is selected or reached; ``extra == 'member[extra]'`` stands for it in a marker. What
a slot of a member reaches by the manifests is on wherever the slot is.
"""

from __future__ import annotations

from collections import deque
from itertools import combinations
from typing import Literal, NamedTuple

from interlock.core.lock.graph import Graph, Target, edges_of
from interlock.core.lock.model import Edge, LockedMember
from interlock.core.markers.diagram import FALSE, TRUE, Marker, all_of, any_of, parse_marker, requires_python_marker
from interlock.core.markers.environment import conflict_key
from interlock.core.members.sides import Sides
from interlock.core.names import NormalizedName
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.soundness.asked import Asking
from interlock.core.soundness.evidence import Evidence

__all__ = ["Node", "Regions", "Stray"]


_Part = tuple[NormalizedName, Slot]


class Node(NamedTuple):
    """A target itself, one of its extras or a group."""

    target: int
    """Its identity."""
    slot: Slot = PROJECT


class Stray(NamedTuple):
    """An edge that leads to a member where that cannot be: on another Python, or while its conflict item is off."""

    parent: Target
    slot: Slot
    edge: Edge
    where: Marker
    because: Literal["python", "conflict"]


class Regions:
    """Markers that flow from all that can be selected along the edges of the lock."""

    def __init__(self, graph: Graph, evidence: Evidence, asking: Asking) -> None:
        self._graph = graph
        self._asking = asking
        self._keys = {item.key for items in evidence.conflicts for item in items}
        self._exclusive = {
            frozenset((one.key, other.key)) for items in evidence.conflicts for one, other in combinations(items, 2)
        }
        self._members = {member.name: member for member in evidence.members}
        self.sides = Sides(evidence.conflicts)
        """Items have other names here than in the lock, in whose order what conflicts stands side by side."""
        self._items = {item.key: item for items in evidence.conflicts for item in items}
        self.world = _world(evidence, self.sides)
        """Where some member runs, with at most one item of each conflict on: what goes without saying."""
        self.targets: dict[int, Target] = {id(target): target for target in graph.targets()}
        self.values: dict[Node, Marker] = {}
        self.strays: list[Stray] = []
        self.never: list[tuple[LockedMember, Slot]] = []
        """Slots of members that always bring in both sides of a conflict."""
        self._python = {member.name: requires_python_marker(member.requires_python) for member in evidence.members}
        self._queue: deque[Node] = deque()
        somewhere = FALSE
        for member in graph.lock.members:
            # A virtual root has no range of its own: its groups are for wherever the members run.
            somewhere |= self._runs(member) if member.name or member.requires_python else FALSE
        if not somewhere.is_false:
            self.world &= somewhere

    def __repr__(self) -> str:
        return f"<Regions of {len(self.values)} nodes>"

    def flow(self) -> None:
        for member in self._graph.lock.members:
            for slot in (PROJECT, *map(Slot, member.extras), *(Slot(group=group) for group in member.groups)):
                self._start(member, slot)
        while self._queue:
            node = self._queue.popleft()
            self._pass(node)
        self.strays = self._found_strays()

    def read(self, text: str) -> Marker:
        """A condition of the lock."""
        return parse_marker(self.sides.read(text)) if text else TRUE

    def active(self, key: str) -> Marker:
        """Where an item of a conflict is on."""
        return self.sides.marker(self._items[key])

    # ---- roots ---------------------------------------------------------------------------------------------------

    def _start(self, member: LockedMember, slot: Slot) -> None:
        own = self._own(member, slot)
        where = own & self._with_what_it_reaches(member, slot, own)
        if where.is_false:
            if not own.is_false:
                self.never.append((member, slot))
            return
        self._arrive(Node(id(member), slot), where)
        if slot.group is None:
            self._arrive(Node(id(member)), where)

    def _own(self, member: LockedMember, slot: Slot) -> Marker:
        """Where a slot can be selected, as far as it alone decides."""
        where = self.world & self._runs(member) & self._on(member.name, slot)
        asks = self._members.get(member.name)
        for pythons in (member.table_pythons, asks.table_pythons if asks is not None else {}):
            where &= requires_python_marker(pythons.get(slot.table, ""))
        if (
            slot.group is not None
            and frozenset((conflict_key(member.name), conflict_key(member.name, *slot))) in self._exclusive
        ):
            return where  # such a group is only ever selected without its member
        return where & self._on(member.name, PROJECT)

    def _runs(self, member: LockedMember) -> Marker:
        where = self._python.get(member.name, TRUE)
        return where & requires_python_marker(member.requires_python) if member.requires_python else where

    def _on(self, name: NormalizedName, slot: Slot) -> Marker:
        key = conflict_key(name, *slot)
        return self.active(key) if key in self._keys else TRUE

    def _with_what_it_reaches(self, member: LockedMember, slot: Slot, own: Marker) -> Marker:
        """That every conflict item is on which a slot reaches by the manifests."""
        if not self._keys:
            return TRUE
        reached: dict[_Part, Marker] = {(member.name, slot): own}
        if slot.group is None:
            reached[member.name, PROJECT] = own
        queue = list(reached)
        while queue:
            name, here = queue.pop()
            for (other, there), through in self._leads(name, here):
                known = reached.get((other, there), FALSE)
                joined = known | (reached[name, here] & through)
                if joined is not known:
                    reached[other, there] = joined
                    queue.append((other, there))
        found = TRUE
        for (name, there), where in reached.items():
            key = conflict_key(name, *there)
            if key in self._keys:
                found &= ~where | self.active(key)
        return found

    def _leads(self, name: NormalizedName, slot: Slot) -> list[tuple[_Part, Marker]]:
        """The slots of members that a slot asks for, and those that stand in it as if they were its own."""
        member, asks = self._graph.members.get(name), self._members.get(name)
        if member is None or asks is None:
            return []
        found: list[tuple[_Part, Marker]] = []
        for inclusion in asks.includes_of(slot):
            where = parse_marker(inclusion.marker) if inclusion.marker else TRUE
            found.append(((name, inclusion.slot), where))
        for asked in self._asking.of(member, slot) or ():
            if asked.requirement.name in self._graph.members:
                slots = (PROJECT, *map(Slot, asked.requirement.extras))
                found += [((asked.requirement.name, each), asked.where) for each in slots]
        return found

    # ---- flowing -------------------------------------------------------------------------------------------------

    def _arrive(self, node: Node, where: Marker) -> None:
        known = self.values.get(node, FALSE)
        joined = known | where
        if joined is not known:
            self.values[node] = joined
            self._queue.append(node)

    def _pass(self, node: Node) -> None:
        target = self.targets[node.target]
        here = self.values[node]
        for edge in edges_of(target, node.slot):
            through = here & self.read(edge.marker)
            if through.is_false:
                continue
            other = self._graph.target(edge)
            if isinstance(other, LockedMember):
                through &= self._runs(other) & self._on(other.name, PROJECT)
            if through.is_false:
                continue
            self._arrive(Node(id(other)), through)
            for extra in edge.extras:
                within = through & self._on(other.name, Slot(extra)) if isinstance(other, LockedMember) else through
                if not within.is_false:  # pragma: no branch - an extra goes where its member does
                    self._arrive(Node(id(other), Slot(extra)), within)

    def _found_strays(self) -> list[Stray]:
        """Judged in the end, when every region is whole."""
        found = []
        for node, here in self.values.items():
            parent = self.targets[node.target]
            for edge in edges_of(parent, node.slot):
                other = self._graph.target(edge)
                if not isinstance(other, LockedMember):
                    continue
                through = here & self.read(edge.marker)
                python = through & ~self._runs(other)
                if not python.is_false:
                    found.append(Stray(parent, node.slot, edge, python, "python"))
                items = [self._on(other.name, slot) for slot in (PROJECT, *map(Slot, edge.extras))]
                off = through & ~all_of(items)
                if not off.is_false:
                    found.append(Stray(parent, node.slot, edge, off, "conflict"))
        return found


def _world(evidence: Evidence, sides: Sides) -> Marker:
    """The environments of the lock, with at most one item of each conflict on."""
    found = any_of(map(parse_marker, evidence.environments)) if evidence.environments else TRUE
    for items in evidence.conflicts:
        for one, other in combinations(items, 2):
            found &= ~(sides.marker(one) & sides.marker(other))
    return found
