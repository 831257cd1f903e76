"""Why there is no solution, in sentences: the first names who clashes, the others lead from them to the clash.

Under each requirement of a member stands what it leads to, indented, each fact once; :mod:`report_evidence` has made
sure that none of them can be left out. The same is in the :class:`~interlock.core.resolver.failure.Failure` as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from interlock.core.markers.diagram import format_marker, parse_marker, simplify, without_extras
from interlock.core.members.asks import Origin
from interlock.core.names import NormalizedName
from interlock.core.resolver.failure import Failure, Row
from interlock.core.resolver.indexes import Indexes
from interlock.core.resolver.outcome import Unsolvable
from interlock.core.resolver.placed import Places
from interlock.core.resolver.report_evidence import Evidence, Need, Ruling, evidence_of
from interlock.core.resolver.report_hints import Hints
from interlock.core.resolver.report_pins import fixed_by
from interlock.core.resolver.report_text import Wording, listed, positions, requirement_text, specifier_of, where_from
from interlock.core.resolver.resolver import Resolver
from interlock.core.versions.version_list import parse_version

__all__ = ["explain"]

_MOST_MEMBERS = 5
_MOST_ALIKE = 4
"""Requirements of different versions of a package on one other that are said one by one."""
_DEEPEST = 5


def explain(resolver: Resolver, outcome: Unsolvable, indexes: Indexes | None = None) -> Failure:
    """Why a resolution failed."""
    evidence = evidence_of(resolver, outcome.cause)
    wording = Wording(resolver.facts, resolver.candidates, resolver.problem.policy)
    indexes = indexes or Indexes()
    places = Places()
    report = _Report(resolver, evidence, wording, places, indexes)
    title = report.title(_environments(resolver, outcome.marker))
    lines = [title[0].upper() + title[1:] if title.startswith("the ") else title, *report.chain()]
    return Failure(
        message=places.pieces("\n".join(lines)),
        hints=tuple(Hints(resolver, evidence, wording, indexes).all()),
        where=outcome.marker,
        requirements=report.requirements(),
        dependencies=report.dependencies(),
        constraints=report.constraints(),
        ruled_out=report.ruled_out(),
        missing=report.missing(),
    )


def _environments(resolver: Resolver, where: str) -> str:
    """The environments of a failure. Which sides of conflicts it is about is told by who asks."""
    if not where or not resolver.sides:
        return where
    found = simplify(without_extras(parse_marker(where)), resolver.world)
    return "" if found.is_true else format_marker(found)


def _origin_of(need: Need) -> Origin | None:
    """Where it is written: by a member, or among the constraints and overrides of the root."""
    if need.origin is None and need.kind in {"constraint", "override"}:
        return Origin(member=NormalizedName(""), table=need.kind, text=need.text)
    return need.origin


def _depender(need: Need) -> str:
    key = need.depender
    who = key.name or "the workspace root"
    if key.group is not None:
        return f"the group {key.group} of {who}"
    return f"{who}[{key.extra}]" if key.extra is not None else who


class _Report:
    def __init__(
        self,
        resolver: Resolver,
        evidence: Evidence,
        wording: Wording,
        places: Places,
        indexes: Indexes,
    ) -> None:
        self._facts = resolver.facts
        self._problem = resolver.problem
        self._required = resolver.shared.required
        self._evidence = evidence
        self._wording = wording
        self._indexes = indexes
        self._wishes = resolver.problem.wishes
        self._places = places
        self._told: set[Need | NormalizedName] = set()

    # ---- the first line --------------------------------------------------------------------------------------

    def title(self, where: str) -> str:
        asked = self._evidence.asked
        place = f" where {where}" if where else ""
        if not asked:
            return f"No set of versions satisfies everything that is asked{place}."
        if len(asked) == 1:
            need = asked[0]
            said = f"{self._who(need)} requires `{requirement_text(need.requirement)}`{self._place_of(need)}{place}"
            return f"{said}, {self._trouble(need)}."
        members = list(dict.fromkeys(self._who(need) for need in asked))
        clash = self._clash()
        if len({need.depender.name for need in asked}) == 1:
            return f"The requirements of {self._owner(asked[0])} exclude each other{place}{clash}."
        if len(members) > _MOST_MEMBERS:
            members = [*members[: _MOST_MEMBERS - 1], f"{len(members) - _MOST_MEMBERS + 1} more members"]
        together = "both" if len(members) == 2 else "all"
        return f"{listed(members)} cannot {together} have what they require{place}{clash}."

    def _owner(self, need: Need) -> str:
        return f"`{need.depender.name}`" if need.depender.name else "the workspace root"

    def _who(self, need: Need) -> str:
        """The member, or the part of it that says so."""
        key = need.depender
        if key.group is not None:
            return f"the group `{key.group}` of {self._owner(need)}"
        return f"`{key}`" if key.name else self._owner(need)

    def _place_of(self, need: Need) -> str:
        origin = _origin_of(need)
        return self._places.mark(origin) if origin is not None else ""

    def _trouble(self, need: Need) -> str:
        """What is wrong with the one requirement that cannot be met."""
        universe = self._facts.universes[need.name]
        evidence = self._evidence
        if not universe.size:
            return f"and {self._absence(need.name)}"
        if not need.admitted:
            newest = universe.version(universe.size - 1)
            early = ", a pre-release" if newest and parse_version(newest).is_prerelease else ""
            if fixed := self._fixed(need.name):
                return f"but {fixed}"
            if universe.size == 1:
                return f"and the only version of `{need.name}` is {newest or 'that of its source'}{early}"
            return f"and none of the {universe.size} versions of `{need.name}` is that; the newest is {newest}{early}"
        limits = [limit for limit in evidence.limits if limit.name == need.name]
        if limits and (trouble := self._limited(need, limits)):
            return trouble
        if not evidence.said and len(evidence.ruled_out) == 1:
            ruling = evidence.ruled_out[0]
            return f"but {self._ruling(ruling)}"
        if not evidence.said:
            return "and no version that fits can be used"
        return f"which cannot be had{self._clash()}"

    def _limited(self, need: Need, limits: list[Need]) -> str:
        """What constraints leave of a requirement, when that is nothing."""
        limit = limits[0]
        text = requirement_text(limit.requirement)
        fixed = self._fixed(need.name)
        because = f": {fixed}" if fixed else ""
        if limit.requirement in self._wishes and not limit.admitted & need.admitted:
            return f"which the upgrade that was asked for, `{text}`, forbids{because}"
        if not limit.admitted and not fixed:
            universe = self._facts.universes[need.name]
            newest = universe.version(universe.size - 1)
            return f"and no version of `{need.name}` is within the constraint `{text}`; the newest is {newest}"
        if not limit.admitted & need.admitted:
            return f"which the constraint `{text}` forbids{because}"
        admitted = need.admitted
        for each in limits:
            admitted &= each.admitted
        texts = listed(f"`{requirement_text(each.requirement)}`" for each in limits)
        return "" if admitted else f"which the constraints {texts} together forbid"

    def _fixed(self, name: NormalizedName) -> str:
        """Who takes a package from a place that has one version of it, and which; empty when nobody does."""
        universe = self._facts.universes[name]
        ask = fixed_by(self._problem, name)
        if ask is None or ask.source is None or universe.size != 1:
            return ""
        where = self._places.mark(ask.origin)
        who = f"`{ask.origin.member}`" if ask.origin.member else "the workspace root"
        which = f", which is {universe.version(0)}" if universe.version(0) else ""
        return f"{who} takes `{name}` from {where_from(ask.source)}{where}{which}"

    def _clash(self) -> str:
        """The package over which it comes to a clash, when there is one such package."""
        needs = self._evidence.needs
        names = list(dict.fromkeys(need.name for need in needs))
        for name in names:
            here = [need for need in needs if need.name == name]
            for number, need in enumerate(here):
                for other in here[:number]:
                    # Versions of one package may ask for different things; a constraint is no alternative to them.
                    alternatives = other.depender == need.depender and other.kind == need.kind and need.origin is None
                    if not alternatives and not need.admitted & other.admitted:
                        return self._both(other, need, here)
        for need in self._evidence.said:
            if not self._facts.universes[need.name].size:
                return f": {self._absence(need.name)}"
            if not need.admitted and need.requirement.url:
                return f": `{need.name}` is asked for at a URL, which only a member may do"
            if not need.admitted:
                fixed = self._fixed(need.name)
                return f": {fixed or f'no version of `{need.name}` is `{specifier_of(need.requirement)}`'}"
        ruled_out = list(dict.fromkeys(ruling.name for ruling in self._evidence.ruled_out))
        if len(ruled_out) == 1:
            return f": no version of `{ruled_out[0]}` that fits can be used"
        return ""

    def _both(self, one: Need, other: Need, here: list[Need]) -> str:
        left, right = specifier_of(one.requirement), specifier_of(other.requirement)
        impossible = next((need for need in (one, other) if need.requirement.specifier and not need.admitted), None)
        if impossible is not None and not impossible.requirement.url:
            fixed = self._fixed(one.name)
            return f": {fixed or f'no version of `{one.name}` is `{specifier_of(impossible.requirement)}`'}"
        if left == right or "any version" in {left, right}:
            return f": they want `{one.name}` from different sources"
        dependers = [need.depender for need in here if need.origin is None and need.kind != "constraint"]
        if len(dependers) > len(set(dependers)) + 1:
            # Neither side is one range: each version of somebody asks for another.
            return f": they want different versions of `{one.name}`"
        return f": no version of `{one.name}` is both `{left}` and `{right}`"

    def _absence(self, name: NormalizedName) -> str:
        if self._facts.universes[name].missing == "offline":
            return f"`{name}` is not in the cache, and the network may not be used"
        if self._facts.universes[name].is_quarantined:
            return f"`{name}` is quarantined by its index, which gives no files of it"
        required = self._required
        if required.belongs_elsewhere(name) and (pins := required.indexes(name)):
            return (
                f"{listed(f'index `{pin}`' for pin in pins)} {'have' if len(pins) > 1 else 'has'} no package `{name}`"
            )
        asked = f" (asked: {', '.join(self._indexes.asked)})" if self._indexes.asked else ""
        return f"no index has a package `{name}`{asked}"

    # ---- the chain -------------------------------------------------------------------------------------------

    def chain(self) -> Iterator[str]:
        asked = self._evidence.asked
        if len(asked) == 1:
            # The first line has said it, and what is wrong with it when that is one thing.
            evidence = self._evidence
            if self._facts.universes[asked[0].name].size and (evidence.said or len(evidence.ruled_out) != 1):
                yield from self._under(asked[0].name, 1)
        else:
            for need in asked:
                text = f"{requirement_text(need.requirement)}{self._source_of(need)}"
                yield f"  {_depender(need)} requires {text}{self._place_of(need)}"
                yield from self._under(need.name, 2)
        for limit in self._evidence.limits:
            who = "the upgrade that was asked for" if limit.requirement in self._wishes else "a constraint"
            yield f"  {who} allows only {requirement_text(limit.requirement)}{self._place_of(limit)}"
            yield from self._under(limit.name, 2)
        for need in self._evidence.said:
            yield from self._under(need.depender.name, 1)

    def _source_of(self, need: Need) -> str:
        """Where it is to come from, when there are several places."""
        universe = self._facts.universes[need.name]
        if len(universe.segments) < 2:
            return ""
        sources = {where_from(universe.source(position)) for position in positions(need.admitted)}
        return f" from {listed(sorted(sources), 'or')}" if sources else ""

    def _under(self, name: NormalizedName, depth: int) -> Iterator[str]:
        """What follows from a package being needed, down to the clash however far away it is."""
        waiting: list[tuple[NormalizedName, int, list[Need]]] = [(name, depth, [])]
        while waiting:
            package, level, needs = waiting.pop()
            if len(needs) > _MOST_ALIKE:
                yield "  " * min(level - 1, _DEEPEST) + self._together(needs)
            else:
                yield from ("  " * min(level - 1, _DEEPEST) + self._sentence(need) for need in needs)
            if package in self._told:
                continue
            self._told.add(package)
            indent = "  " * min(level, _DEEPEST)
            yield from (indent + self._ruling(ruling) for ruling in self._evidence.ruled_out if ruling.name == package)
            if not self._facts.universes[package].size:
                yield f"{indent}{self._absence(package)}"
            waiting += [(target, level + 1, needs) for target, needs in reversed(self._said_by(package))]

    def _said_by(self, name: NormalizedName) -> list[tuple[NormalizedName, list[Need]]]:
        """What a package's versions require, by what they require, the latest versions first."""
        by_target: dict[NormalizedName, list[Need]] = {}
        for need in self._evidence.said:
            if need.depender.name == name:
                by_target.setdefault(need.name, []).append(need)
        for needs in by_target.values():
            needs.sort(key=lambda need: (need.versions, need.text), reverse=True)
        return list(by_target.items())

    def _ruling(self, ruling: Ruling) -> str:
        relevant = ruling.mask & self._relevant(ruling.name)
        return self._wording.ruling(ruling._replace(mask=relevant or ruling.mask))

    def _relevant(self, name: NormalizedName) -> int:
        """The candidates of a package that members and constraints leave."""
        mask = self._facts.universes[name].full
        for need in (*self._evidence.asked, *self._evidence.limits):
            if need.name == name:
                mask &= need.admitted
        return mask

    def _asked_of(self, name: NormalizedName) -> Iterable[str]:
        return (need.requirement.specifier for need in self._evidence.needs if need.name == name)

    def _sentence(self, need: Need) -> str:
        name = need.depender.name
        mask = need.versions & self._relevant(name) or need.versions
        who = self._wording.versions(need.depender, mask, self._asked_of(name))
        plural = mask & (mask - 1) != 0 and not who.startswith("every")
        overridden = f", as an override says{self._place_of(need)}" if need.kind == "override" else ""
        return f"{who} {'require' if plural else 'requires'} {requirement_text(need.requirement)}{overridden}"

    def _together(self, needs: list[Need]) -> str:
        """Many versions that ask for something else of the same package each."""
        name = needs[0].depender.name
        mask = 0
        for need in needs:
            mask |= need.versions
        mask = mask & self._relevant(name) or mask
        who = self._wording.versions(needs[0].depender, mask, self._asked_of(name))
        texts = list(dict.fromkeys(requirement_text(need.requirement) for need in needs))
        verb = "requires" if who.startswith("every") else "require"
        return f"{who} {verb}, version by version, {texts[0]} and {len(texts) - 1} others like it"

    # ---- the same as data ------------------------------------------------------------------------------------

    def requirements(self) -> tuple[Row, ...]:
        return tuple(
            Row(
                data={
                    "member": str(need.depender.name),
                    "path": need.origin.path,
                    "table": need.origin.table,
                    "requirement": need.text,
                },
                origin=need.origin,
            )
            for need in self._evidence.asked
            if need.origin is not None
        )

    def dependencies(self) -> tuple[Row, ...]:
        return tuple(
            Row(
                data={
                    "package": str(need.depender),
                    "versions": self._texts(need.depender.name, need.versions),
                    "requirement": need.text,
                    "kind": need.kind,
                },
                origin=_origin_of(need),
            )
            for need in self._evidence.said
        )

    def constraints(self) -> tuple[Row, ...]:
        return tuple(Row(data={"requirement": need.text}, origin=_origin_of(need)) for need in self._evidence.limits)

    def ruled_out(self) -> tuple[dict[str, object], ...]:
        return tuple(
            {
                "package": str(ruling.name),
                "versions": self._texts(ruling.name, ruling.mask),
                "reason": ruling.reason,
                "detail": ruling.detail,
            }
            for ruling in self._evidence.ruled_out
        )

    def missing(self) -> tuple[str, ...]:
        return tuple(sorted({need.name for need in self._evidence.needs if not self._facts.universes[need.name].size}))

    def _texts(self, name: NormalizedName, mask: int) -> list[str]:
        universe = self._facts.universes[name]
        return [universe.version(position) for position in range(universe.size) if mask >> position & 1]
