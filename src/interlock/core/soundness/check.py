"""The soundness of a lock: that it is closed, answers everything that is asked, and can be used where it is needed.

The lock's own word is only taken for which package an edge leads to; what should be there is read from the manifests
and from the packages' metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import msgspec

from interlock.core.lock.graph import Graph, Key, Target, edges_of, key_of
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.lock.reach import members_reaching
from interlock.core.markers.diagram import (
    FALSE,
    Marker,
    format_marker,
    parse_marker,
    simplify,
)
from interlock.core.markers.environment import conflict_key
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.requirements.slot import PROJECT, Slot
from interlock.core.soundness.asked import Asked, Asking, admits
from interlock.core.soundness.evidence import Evidence
from interlock.core.soundness.finding import Finding, Kind
from interlock.core.soundness.regions import Node, Regions
from interlock.core.soundness.usability import unusable
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url

__all__ = ["check_soundness"]


def check_soundness(lock: Lock, evidence: Evidence) -> tuple[Finding, ...]:
    """Everything that is wrong with a lock, and what is worth knowing; sorted.

    Raises :class:`~interlock.core.lock.codec.LockCorrupt` for an edge that leads nowhere.
    """
    check = _Check(lock, evidence)
    return tuple(sorted(set(check.findings())))


class _Claim(NamedTuple):
    """Who asks, and for what."""

    target: Target
    by: str
    requirement: str = ""

    def __str__(self) -> str:
        return f"{self.by} asks for {self.requirement}"


class _Check:
    def __init__(self, lock: Lock, evidence: Evidence) -> None:
        self.lock = lock
        self.evidence = evidence
        self.graph = Graph(lock)
        self.asking = Asking(evidence)
        self.regions = Regions(self.graph, evidence, self.asking)
        self._reaching: dict[Key, tuple[NormalizedName, ...]] | None = None

    def __repr__(self) -> str:
        return f"<Check of {len(self.lock.packages)} packages>"

    def findings(self) -> Iterator[Finding]:
        self.regions.flow()
        for node, here in self.regions.values.items():
            yield from self._answers(self.regions.targets[node.target], node.slot, here)
        for package in self.lock.packages:
            yield from self._package(package, self.regions.values.get(Node(id(package)), FALSE))
        yield from self._strays()
        yield from self._ambiguities()

    # ---- what is asked is there ----------------------------------------------------------------------------------

    def _answers(self, target: Target, slot: Slot, here: Marker) -> Iterator[Finding]:
        asked = self.asking.of(target, slot)
        if asked is None:
            if slot == PROJECT:
                yield self._found(target, "unknown", here, "what it asks for cannot be known.")
            return
        edges = edges_of(target, slot)
        for item in asked:
            where = here & item.where
            if not where.is_false:
                claim = _Claim(target, _by(target, slot), format_requirement(item.requirement))
                yield from self._answered(claim, item, where, edges)
        yield from self._unasked(_Claim(target, _by(target, slot)), here, asked, edges)

    def _answered(self, claim: _Claim, item: Asked, where: Marker, edges: tuple[Edge, ...]) -> Iterator[Finding]:
        name = item.requirement.name
        left = where
        lacking = dict.fromkeys(item.requirement.extras, where)
        for edge in edges:
            through = where & self.regions.read(edge.marker) if edge.name == name else FALSE
            if through.is_false:
                continue
            left &= ~through
            for extra in edge.extras:
                if extra in lacking:
                    lacking[extra] &= ~through
            yield from self._fits(claim, item, self.graph.target(edge), through)
        if not left.is_false:
            yield self._of(claim, "missing", name, left, f"{claim}, and the lock has nothing for it.")
        for extra, still in lacking.items():
            if not still.is_false and left.is_false and self._provides(name, extra):
                message = f"{claim}, and the lock leaves the extra `{extra}` out."
                yield self._of(claim, "extra-missing", name, still, message)

    def _provides(self, name: NormalizedName, extra: str) -> bool:
        for package in self.graph.packages.get(name, ()):
            known = self.evidence.published.get(key_of(package))
            if known is not None and extra in known.extras:
                return True
        return name in self.graph.members

    def _fits(self, claim: _Claim, item: Asked, chosen: Target, where: Marker) -> Iterator[Finding]:
        name = item.requirement.name
        if isinstance(chosen, LockedMember):
            if item.source is not None and not isinstance(item.source, Member):
                yield self._of(claim, "source", name, where, f"{claim} from elsewhere, and the lock has the member.")
            return
        if not admits(item.requirement.specifier, chosen.version):
            yield self._of(claim, "unsatisfied", name, where, f"{claim}, and the lock has {chosen.version}.")
        if item.source is not None and not _is_same(item.source, chosen.source):
            message = f"{claim} from another source than the lock has it from."
            yield self._of(claim, "source", name, where, message)

    def _unasked(self, claim: _Claim, here: Marker, asked: list[Asked], edges: tuple[Edge, ...]) -> Iterator[Finding]:
        wanted: dict[NormalizedName, Marker] = {}
        for item in asked:
            name = item.requirement.name
            wanted[name] = wanted.get(name, FALSE) | item.where
        for edge in edges:
            if isinstance(claim.target, LockedMember) and edge.name == claim.target.name:
                continue  # an extra whose requirements stand here as well
            beyond = here & self.regions.read(edge.marker) & ~wanted.get(edge.name, FALSE)
            if not beyond.is_false:
                message = f"The lock gives {edge.name} to {claim.by}, which does not ask for it there."
                yield self._of(claim, "unasked", edge.name, beyond, message)

    # ---- the packages themselves ---------------------------------------------------------------------------------

    def _package(self, package: LockedPackage, here: Marker) -> Iterator[Finding]:
        if here.is_false:
            yield self._found(package, "unreached", here, "nothing needs it.")
            return
        if package.name in self.evidence.excludes:
            yield self._found(package, "excluded", here, "the name is excluded.")
        for constraint in (ask.requirement for ask in self.evidence.limits.constraints):
            where = here & parse_marker(constraint.marker) if constraint.name == package.name else FALSE
            if not where.is_false and not admits(constraint.specifier, package.version):
                yield self._found(
                    package, "constraint", where, f"a constraint allows only {format_requirement(constraint)}."
                )
        published = self.evidence.published.get(key_of(package))
        if published is not None:
            pinned = any(
                pin.name == package.name and _is_pin(pin) and admits(pin.specifier, package.version)
                for pin in self._pins()
            )
            required = tuple(parse_marker(text) for text in self.evidence.required_environments)
            for kind, where, message in unusable(package, published, here, required, pinned=pinned):
                yield self._found(package, kind, where, message)

    def _pins(self) -> Iterator[Requirement]:
        yield from (ask.requirement for ask in self.evidence.limits.asks)
        for member in self.evidence.members:
            yield from (ask.requirement for ask in member.every())

    def _strays(self) -> Iterator[Finding]:
        for parent, slot, edge, where, because in self.regions.strays:
            claim = _Claim(parent, _by(parent, slot))
            if because == "python":
                message = (
                    f"{claim.by} needs the member {edge.name}, which does not support that Python: neither runs there."
                )
                yield self._of(claim, "narrowed", edge.name, where, message)
            else:
                message = f"{claim.by} needs {_shown(edge)}, which is declared to be in conflict, and may not be on."
                yield self._of(claim, "conflicting", edge.name, where, message)
        for member, slot in self.regions.never:
            by = _by(member, slot)
            message = f"{by} brings in both sides of a conflict, so it can never be selected."
            yield self._of(_Claim(member, by), "never-selected", member.name, FALSE, message)

    def _ambiguities(self) -> Iterator[Finding]:
        """Two packages of one name must never be needed in one environment; a member beside one is refused there."""
        for name, packages in self.graph.packages.items():
            for one, other in combinations(packages, 2):
                both = self._region(one) & self._region(other)
                if not both.is_false:
                    yield self._found(one, "ambiguous", both, f"{_by(other)} is needed in the same environments.")
            member = self.graph.members.get(name)
            here = self._region(member) if member is not None else FALSE
            for package in packages:
                if not (self._region(package) & here).is_false:
                    yield self._found(package, "beside-member", FALSE, "it cannot be selected with the member.")

    def _region(self, target: Target) -> Marker:
        return self.regions.values.get(Node(id(target)), FALSE)

    # ---- saying it -----------------------------------------------------------------------------------------------

    def _found(self, target: Target, kind: Kind, where: Marker, message: str) -> Finding:
        """About a target itself."""
        by = _by(target)
        found = self._of(_Claim(target, ""), kind, target.name, where, f"{by}: {message}")
        return msgspec.structs.replace(found, version=_version(target))

    def _of(self, claim: _Claim, kind: Kind, name: NormalizedName, where: Marker, message: str) -> Finding:
        return Finding(
            kind=kind,
            members=self._members(claim.target),
            package=name,
            requirement=claim.requirement,
            by=claim.by,
            environment=""
            if where.is_false
            else self.regions.sides.write(format_marker(simplify(where, self.regions.world))),
            message=message,
        )

    def _members(self, target: Target) -> tuple[NormalizedName, ...]:
        if isinstance(target, LockedMember):
            return (target.name,)
        if self._reaching is None:
            self._reaching = members_reaching(self.lock)
        return self._reaching.get(key_of(target), ())


def _by(target: Target, slot: Slot = PROJECT) -> str:
    name = conflict_key(target.name, *slot)
    version = _version(target)
    return f"{name or 'the workspace root'} {version}" if version else name or "the workspace root"


def _version(target: Target) -> str:
    return "" if isinstance(target, LockedMember) else target.version


def _shown(edge: Edge) -> str:
    return f"{edge.name}[{','.join(edge.extras)}]" if edge.extras else edge.name


def _is_pin(requirement: Requirement) -> bool:
    clauses = requirement.specifier.split(",")
    return any(clause.startswith("==") and not clause.endswith(".*") for clause in clauses)


def _is_same(asked: Source, locked: Source) -> bool:
    """Whether a locked source is the one that was asked for; a reference may have become a commit since."""
    if isinstance(asked, Git) and isinstance(locked, Git):
        same = asked.url == locked.url and asked.subdirectory == locked.subdirectory
        return same and (not asked.commit or asked.commit == locked.commit)
    if isinstance(asked, Directory) and isinstance(locked, Directory):
        return asked.path == locked.path
    if isinstance(asked, Url | File) and isinstance(locked, Url | File):
        return asked == locked
    return isinstance(asked, Registry) and isinstance(locked, Registry) and asked.index == locked.index
