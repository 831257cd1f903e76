"""Where each part of a lock is needed: markers over environments and over the conflict items that are on.

An item of a conflict is on when it is selected or reached; ``extra == 'member[extra]'`` stands for it in a marker. What
a part of a member reaches by the manifests is on wherever the part is.
"""

from __future__ import annotations

from collections import deque
from itertools import combinations
from typing import NamedTuple

from interlock.core.lock.graph import Graph, Target
from interlock.core.lock.model import Edge, LockedMember
from interlock.core.markers.diagram import FALSE, TRUE, Marker, all_of, any_of, parse_marker, requires_python_marker
from interlock.core.markers.environment import conflict_key
from interlock.core.members.sides import Sides
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.tables import PROJECT, extra_table, group_table
from interlock.core.soundness.asked import Asking
from interlock.core.soundness.evidence import Evidence

__all__ = ["Place", "Regions", "Stray", "edges_of"]


class Place(NamedTuple):
    """A target, or one of its extras (``x``) or groups (``:x``)."""

    target: int
    """Its identity."""
    part: str


class Stray(NamedTuple):
    """An edge that leads to a member where that cannot be: on another Python, or while its conflict item is off."""

    parent: Target
    part: str
    edge: Edge
    where: Marker
    because: str
    """``python`` or ``conflict``."""


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
        self.values: dict[Place, Marker] = {}
        self.strays: list[Stray] = []
        self.never: list[tuple[LockedMember, str]] = []
        """Parts of members that always bring in both sides of a conflict."""
        self._python = {member.name: requires_python_marker(member.requires_python) for member in evidence.members}
        self._queue: deque[Place] = deque()
        somewhere = FALSE
        for member in graph.lock.members:
            # A virtual root has no range of its own: its groups are for wherever the members run.
            somewhere |= self._runs(member) if member.name or member.requires_python else FALSE
        if not somewhere.is_false:
            self.world &= somewhere

    def __repr__(self) -> str:
        return f"<Regions of {len(self.values)} places>"

    def flow(self) -> None:
        for member in self._graph.lock.members:
            for part in ("", *member.extras, *(f":{group}" for group in member.groups)):
                self._start(member, part)
        while self._queue:
            place = self._queue.popleft()
            self._pass(place)
        self.strays = self._found_strays()

    def read(self, text: str) -> Marker:
        """A condition of the lock."""
        return parse_marker(self.sides.read(text)) if text else TRUE

    def active(self, key: str) -> Marker:
        """Where an item of a conflict is on."""
        return self.sides.marker(self._items[key])

    # ---- roots ---------------------------------------------------------------------------------------------------

    def _start(self, member: LockedMember, part: str) -> None:
        own = self._own(member, part)
        where = own & self._with_what_it_reaches(member, part, own)
        if where.is_false:
            if not own.is_false:
                self.never.append((member, part))
            return
        self._arrive(Place(id(member), part), where)
        if not part.startswith(":"):
            self._arrive(Place(id(member), ""), where)

    def _own(self, member: LockedMember, part: str) -> Marker:
        """Where a part can be selected, as far as it alone decides."""
        where = self.world & self._runs(member) & self._on(member.name, part)
        asks = self._members.get(member.name)
        for pythons in (member.table_pythons, asks.table_pythons if asks is not None else {}):
            where &= requires_python_marker(pythons.get(_table(part), ""))
        if part.startswith(":") and frozenset((_key(member.name, ""), _key(member.name, part))) in self._exclusive:
            return where  # such a group is only ever selected without its member
        return where & self._on(member.name, "")

    def _runs(self, member: LockedMember) -> Marker:
        where = self._python.get(member.name, TRUE)
        return where & requires_python_marker(member.requires_python) if member.requires_python else where

    def _on(self, name: NormalizedName, part: str) -> Marker:
        key = _key(name, part)
        return self.active(key) if key in self._keys else TRUE

    def _with_what_it_reaches(self, member: LockedMember, part: str, own: Marker) -> Marker:
        """That every conflict item is on which a part reaches by the manifests."""
        if not self._keys:
            return TRUE
        reached: dict[tuple[NormalizedName, str], Marker] = {(member.name, part): own}
        if not part.startswith(":"):
            reached[member.name, ""] = own
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
            if _key(name, there) in self._keys:
                found &= ~where | self.active(_key(name, there))
        return found

    def _leads(self, name: NormalizedName, part: str) -> list[tuple[tuple[NormalizedName, str], Marker]]:
        """The parts of members that a part asks for, and those that stand in it as if they were its own."""
        member, asks = self._graph.members.get(name), self._members.get(name)
        if member is None or asks is None:
            return []
        found: list[tuple[tuple[NormalizedName, str], Marker]] = []
        for inclusion in asks.includes.get(_table(part), ()):
            where = parse_marker(inclusion.marker) if inclusion.marker else TRUE
            found.append(((name, f":{inclusion.group}" if inclusion.group else inclusion.extra or ""), where))
        for asked in self._asking.of(member, part) or ():
            if asked.requirement.name in self._graph.members:
                parts = ("", *asked.requirement.extras)
                found += [((asked.requirement.name, each), asked.where) for each in parts]
        return found

    # ---- flowing -------------------------------------------------------------------------------------------------

    def _arrive(self, place: Place, where: Marker) -> None:
        known = self.values.get(place, FALSE)
        joined = known | where
        if joined is not known:
            self.values[place] = joined
            self._queue.append(place)

    def _pass(self, place: Place) -> None:
        target = self.targets[place.target]
        here = self.values[place]
        for edge in edges_of(target, place.part):
            through = here & self.read(edge.marker)
            if through.is_false:
                continue
            other = self._graph.target(edge)
            if isinstance(other, LockedMember):
                through &= self._runs(other) & self._on(other.name, "")
            if through.is_false:
                continue
            self._arrive(Place(id(other), ""), through)
            for extra in edge.extras:
                within = through & self._on(other.name, extra) if isinstance(other, LockedMember) else through
                if not within.is_false:
                    self._arrive(Place(id(other), extra), within)

    def _found_strays(self) -> list[Stray]:
        """Judged in the end, when every region is whole."""
        found = []
        for place, here in self.values.items():
            parent = self.targets[place.target]
            for edge in edges_of(parent, place.part):
                other = self._graph.target(edge)
                if not isinstance(other, LockedMember):
                    continue
                through = here & self.read(edge.marker)
                python = through & ~self._runs(other)
                if not python.is_false:
                    found.append(Stray(parent, place.part, edge, python, "python"))
                items = [self._on(other.name, part) for part in ("", *edge.extras)]
                off = through & ~all_of(items)
                if not off.is_false:
                    found.append(Stray(parent, place.part, edge, off, "conflict"))
        return found


def edges_of(target: Target, part: str) -> tuple[Edge, ...]:
    """The edges that a part of a target starts from."""
    if part.startswith(":"):
        return target.groups.get(GroupName(part[1:]), ()) if isinstance(target, LockedMember) else ()
    return target.extras.get(ExtraName(part), ()) if part else target.dependencies


def _world(evidence: Evidence, sides: Sides) -> Marker:
    """The environments of the lock, with at most one item of each conflict on."""
    found = any_of(map(parse_marker, evidence.environments)) if evidence.environments else TRUE
    for items in evidence.conflicts:
        for one, other in combinations(items, 2):
            found &= ~(sides.marker(one) & sides.marker(other))
    return found


def _table(part: str) -> str:
    """What the manifest calls a part."""
    return group_table(part[1:]) if part.startswith(":") else extra_table(part) if part else PROJECT


def _key(name: NormalizedName, part: str) -> str:
    return conflict_key(name, None, part[1:]) if part.startswith(":") else conflict_key(name, part or None)
