"""What would help: hints that follow from the evidence of a failed resolution."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from interlock.core.markers.diagram import all_of, format_marker, requires_python_marker, simplify
from interlock.core.names import NormalizedName
from interlock.core.resolver.facts import Universe
from interlock.core.resolver.indexes import Indexes
from interlock.core.resolver.report_evidence import Evidence, Need, Ruling
from interlock.core.resolver.report_pins import fixed_by
from interlock.core.resolver.report_text import Wording, listed, positions, requirement_text, uploads_of, where_from
from interlock.core.resolver.resolver import Resolver
from interlock.core.sources.source import Registry
from interlock.core.versions.version_list import VersionList, parse_version

__all__ = ["Hints"]

_MOST = 3


class Hints:
    def __init__(self, resolver: Resolver, evidence: Evidence, wording: Wording, indexes: Indexes) -> None:
        self._indexes = indexes
        self._resolver = resolver
        self._facts = resolver.facts
        self._evidence = evidence
        self._wording = wording

    def all(self) -> list[str]:
        """The best first; one at least."""
        found = list(dict.fromkeys(self._found()))
        return found[:_MOST] if found else [self._last_resort()]

    def _found(self) -> Iterator[str]:
        for need in self._evidence.needs:
            universe = self._facts.universes[need.name]
            if not universe.size:
                yield self._missing(need.name, universe)
            elif need.requirement.url and need.origin is None and not need.admitted:
                yield f"If it is to be trusted, put `{need.text}` among a member's requirements."
            elif not need.admitted:
                yield from self._nothing_admitted(need, universe)
        for ruling in self._evidence.ruled_out:
            yield from self._ruled_out(ruling)
        for limit in self._evidence.limits:
            text = requirement_text(limit.requirement)
            if limit.requirement in self._resolver.problem.wishes:
                yield f"Ask for another version than `{text}`, or change what forbids it."
            else:
                yield f"The constraint `{text}` is part of it: loosen it or remove it."
        for need in self._evidence.said:
            if need.kind == "override":
                yield f"The override `{requirement_text(need.requirement)}` is part of it: change it or remove it."

    def _missing(self, name: NormalizedName, universe: Universe) -> str:
        if universe.missing == "offline":
            return "Run it once without --offline."
        if universe.is_quarantined:
            return f"Do without `{name}`: what an index quarantines it holds to be unsafe."
        known = [other for other, found in self._facts.universes.items() if found.size]
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.8)
        if near:
            return f"Is `{near[0]}` meant instead of `{name}`?"
        required = self._resolver.shared.required
        if required.belongs_elsewhere(name) and (pins := required.indexes(name)):
            where = listed(f"`{pin}`" for pin in pins)
            return (
                f"Check how `{name}` is spelt, or its source: `{name}` is pinned to the index {where}, and no other"
                " index is asked for it."
            )
        explicit = self._indexes.explicit
        if explicit:
            return (
                f"Check how `{name}` is spelt. Explicit indexes were not asked ({', '.join(explicit)}): a source"
                f' `{name} = {{ index = "{explicit[0]}" }}` would pin the name to one.'
            )
        return (
            f"Check how `{name}` is spelt; if it is on a private index, add that index or pin the name to it"
            " with a source."
        )

    def _nothing_admitted(self, need: Need, universe: Universe) -> Iterator[str]:
        specifier = need.requirement.specifier
        fixed = fixed_by(self._resolver.problem, need.name)
        if universe.size == 1 and fixed is not None:
            who = f"`{fixed.origin.member}`" if fixed.origin.member else "the workspace root"
            yield f"Change `{requirement_text(need.requirement)}`, or the place from which {who} takes `{need.name}`."
            return
        for position in reversed(range(universe.size)):
            version = parse_version(universe.version(position) or "0")
            if not version.is_prerelease or not specifier:
                continue
            if VersionList((version.base_version,)).mask(specifier):
                yield f"{version} is a pre-release of what is asked for; `{need.name}>={version}` would admit it."
                return
        mask = universe.mask(specifier) if specifier else 0
        if mask:
            yield from self._elsewhere(need.name, universe, mask)
            return
        later = self._later(universe)
        if later:
            yield (
                f"`{need.name}` is taken from the first index that has it; those behind it were not asked"
                f' ({", ".join(later)}). A source `{need.name} = {{ index = "{later[0]}" }}` would take it from there.'
            )

    def _later(self, universe: Universe) -> tuple[str, ...]:
        """The indexes behind the one that answered."""
        source = universe.source(0)
        asked = self._indexes.asked
        if not self._indexes.first_only or not isinstance(source, Registry) or source.index not in asked:
            return ()
        return asked[asked.index(source.index) + 1 :]

    def _elsewhere(self, name: NormalizedName, universe: Universe, mask: int) -> Iterator[str]:
        """Candidates that would do are in another source than the one asked."""
        sources = {universe.source(position) for position in range(universe.size) if mask >> position & 1}
        for source in sorted(sources, key=str):
            kind = "`index`" if isinstance(source, Registry) else "entry"
            yield f"{where_from(source)} has versions that fit: a source {kind} for `{name}` would use them."

    def _ruled_out(self, ruling: Ruling) -> Iterator[str]:
        name = ruling.name
        universe = self._facts.universes[name]
        fitting = ruling.mask & self._wanted(name) or ruling.mask
        newest = universe.version(fitting.bit_length() - 1)
        match ruling.reason:
            case "python":
                yield self._python(name, fitting)
            case "yanked" if not self._wanted(name) & ~ruling.mask:
                yield f"Only an exact requirement uses a yanked version: `{name}=={newest}`."
            case "cutoff" if not any(uploads_of(universe, fitting)):
                yield f"`exclude-newer-package = {{ {name} = false }}` exempts `{name}` from the cutoff."
            case "cutoff":
                yield (
                    f"A later exclude-newer, or an exclude-newer-package entry for `{name}`, would admit {newest}"
                    " and what came with it."
                )
            case "prerelease" if name in self._resolver.problem.policy.prerelease_packages:
                yield f"`allow-prereleases = false` or a prerelease-package entry keeps {newest} of `{name}` out."
            case "prerelease":
                yield (
                    f"Name a pre-release in the member's requirement to allow them: `{name}>={newest}`."
                    if ruling.detail == "explicit"
                    else 'Allow pre-releases: prerelease = "if-necessary".'
                )
            case "platform" if not any(self._resolver.candidates.artifacts(name, at) for at in positions(fitting)):
                yield f"no-build, no-binary and exclude-newer decide which files count; `{name}` needs an exception."
            case "platform":
                yield (
                    f"Leave out the environments without a file of `{name}` (environments, or a marker on the"
                    " requirement), or allow it to be built from source if it has an sdist."
                )
            case "source":
                yield from self._elsewhere(name, universe, fitting)
            case _:
                return

    def _wanted(self, name: NormalizedName) -> int:
        mask = self._facts.universes[name].full
        for need in self._evidence.needs:
            if need.name == name and need.admitted:
                mask &= need.admitted
        return mask

    def _python(self, name: NormalizedName, mask: int) -> str:
        """The smallest change: the lowest Python that any of the candidates can be used with."""
        bounds = {position: self._wording.lowest_python(name, position) for position in positions(mask)}
        known = {position: bound for position, bound in bounds.items() if bound}
        members = sorted({need.depender.name for need in self._evidence.asked})
        if not known or not members:
            return f"Allow an older version of `{name}`."
        needed = min(known.values(), key=parse_version)
        best = max(p for p, bound in known.items() if bound == needed)
        version = self._facts.universes[name].version(best)
        if hole := self._hole(name, best, members, needed):
            return f"A marker `{hole}` on the requirement leaves out the Pythons that {name} {version} does without."
        return (
            f'`requires-python = ">={needed}"` in {listed(members)} would admit {name} {version};'
            f" so would a marker `python_version >= '{needed}'` on the requirement."
        )

    def _hole(self, name: NormalizedName, position: int, members: list[NormalizedName], bound: str) -> str:
        """Where a candidate can be used, when its lower bound does not tell: members that start no earlier meet a hole,
        and some releases are for one Python alone."""
        ranges = [asks.requires_python for asks in self._resolver.problem.members if asks.name in members]
        here = all_of(map(requires_python_marker, ranges)) & self._resolver.world
        start, usable = requires_python_marker(f">={bound}"), self._resolver.candidates.usability(name, position).python
        if not ranges or (not here.implies(start) and (here & start).implies(usable)):
            return ""
        return format_marker(simplify(usable, here))

    def _last_resort(self) -> str:
        sides = {str(need.depender): need.depender for need in self._evidence.asked if str(need.depender)}
        if len(sides) > 1:
            words = listed(f"`{side}`" for side in sorted(sides)[:4])
            # A member and a part of itself are a choice that nobody should make in passing.
            apart = not any(str(key) != str(key.name) and str(key.name) in sides for key in sides.values())
            how = " (`interlock lock --declare-conflicts` does it)" if apart else ""
            return (
                f"Change one of these requirements, or declare {words} as conflicting{how} if they never share an"
                " environment."
            )
        return "Change one of these requirements." if len(self._evidence.asked) > 1 else "Change that requirement."
