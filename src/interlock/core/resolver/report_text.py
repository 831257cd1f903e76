"""Versions, requirements and reasons in words."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from interlock.core.artifacts.tags import parse_wheel_filename
from interlock.core.markers.diagram import python_lower_bound
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.resolver.candidates import Candidates
from interlock.core.resolver.facts import Facts, Universe
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.problem import Policy
from interlock.core.resolver.report_evidence import Ruling
from interlock.core.sources.git_reference import read_reference
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url

__all__ = [
    "Wording",
    "clauses",
    "listed",
    "positions",
    "requirement_text",
    "specifier_of",
    "uploads_of",
    "where_from",
]

_MOST_RUNS = 3
_MOST_WORDS = 4
_TIMESTAMP = len("YYYY-MM-DDTHH:MM:SS")


class Wording:
    """Says things about packages; what it says depends on what is known of them."""

    def __init__(self, facts: Facts, candidates: Candidates, policy: Policy) -> None:
        self._facts = facts
        self._candidates = candidates
        self._policy = policy

    def versions(self, key: PackageKey, mask: int, asked: Iterable[str] = ()) -> str:
        """A set of candidates as short as possible; ``asked`` are specifiers that the reader has just seen."""
        universe = self._facts.universes[key.name]
        if universe.size == 1:
            version = universe.version(0)
            return f"{key} {version}" if version and not isinstance(universe.source(0), Member) else str(key)
        if mask == universe.full:
            return f"every version of {key}"
        if mask & (mask - 1) == 0:
            return f"{key} {universe.version(mask.bit_length() - 1)}" if mask else f"no version of {key}"
        for specifier in asked:
            if specifier and universe.mask(specifier) == mask:
                return f"every version of {key}{clauses(specifier)}"
        return f"{key} {_runs(universe, mask)}"

    def ruling(self, ruling: Ruling) -> str:
        """Why candidates are out of the question, as a sentence."""
        name, mask = ruling.name, ruling.mask
        who = self.versions(PackageKey(name), mask)
        plural = mask & (mask - 1) != 0 and not who.startswith("every")
        verb = "are" if plural else "is"
        match ruling.reason:
            case "python":
                needs = self.python_needed(name, mask)
                return f"{who} {'need' if plural else 'needs'} {needs or 'another Python'}"
            case "platform":
                return f"{who} {self._files(name, mask, plural=plural)}"
            case "yanked":
                return f"{who} {verb} yanked{self._reason(name, mask)}"
            case "cutoff":
                return f"{who} {self._late(name, mask, ruling.detail, plural=plural)}"
            case "prerelease":
                return f"{who} {verb} a pre-release, which the settings do not allow (prerelease = {ruling.detail})"
            case "source":
                return f"{who} {'come' if plural else 'comes'} from {self._sources(name, mask)}"
            case _:
                return f"{who} cannot be used: {ruling.detail}"

    def python_needed(self, name: NormalizedName, mask: int) -> str:
        """What Python the candidates of a mask ask for."""
        texts = {
            artifact.requires_python
            for position in positions(mask)
            for artifact in self._facts.universes[name].artifacts(position)
            if artifact.requires_python
        }
        texts |= {text for position in positions(mask) if (text := self._candidates.pythons.text(name, position))}
        bounds = {bound for position in positions(mask) if (bound := self.lowest_python(name, position))}
        found = sorted(texts) or [f">={bound}" for bound in sorted(bounds)]
        return f"Python {listed(found[:_MOST_WORDS], 'or')}" if found else ""

    def lowest_python(self, name: NormalizedName, position: int) -> str:
        """The first Python a candidate can be used with; empty when any will do."""
        return python_lower_bound(self._candidates.usability(name, position).python) or ""

    def _reason(self, name: NormalizedName, mask: int) -> str:
        """What the index says why candidates are yanked."""
        universe = self._facts.universes[name]
        found: set[str] = set()
        for position in positions(mask):
            segment = universe.segment(position)
            if segment.listing is not None:  # pragma: no branch - a tree is never yanked
                found.add(segment.listing.yanked_because(position - segment.offset))
        said = sorted(reason for reason in found if reason)
        return f" ({'; '.join(said[:_MOST_WORDS])})" if said else ""

    def _late(self, name: NormalizedName, mask: int, cutoff: str, *, plural: bool) -> str:
        uploads = uploads_of(self._facts.universes[name], mask)
        known = sorted(f"{upload[:_TIMESTAMP]}Z" for upload in uploads if upload)
        if not known:
            return f"{'have' if plural else 'has'} no upload time on the index, so the cutoff {cutoff} excludes it"
        verb = "were" if plural else "was"
        if len(known) < len(uploads):
            return f"{verb} uploaded after the cutoff {cutoff}, or at a time the index does not tell"
        when = f"at {known[0]}" if len(known) == 1 else f"from {known[0]} on"
        return f"{verb} uploaded {when}, after the cutoff {cutoff}"

    def _files(self, name: NormalizedName, mask: int, *, plural: bool) -> str:
        """What files the candidates have, when none of them can be used."""
        has = "have" if plural else "has"
        universe = self._facts.universes[name]
        files = [artifact for position in positions(mask) for artifact in universe.artifacts(position)]
        if not files:
            return f"{has} no files"
        left = [artifact for position in positions(mask) for artifact in self._candidates.artifacts(name, position)]
        if not left:
            kinds = {artifact.is_wheel for artifact in files}
            setting = "no-binary" if True in kinds else "no-build"
            only = "only wheels" if kinds == {True} else "only a source archive" if kinds == {False} else "only files"
            return f"{has} {only} that the settings rule out ({setting}, exclude-newer or yanked)"
        tags: set[str] = set()
        for artifact in left:
            wheel = parse_wheel_filename(artifact.filename)
            if wheel is not None:  # pragma: no branch - with a source archive it would have files for here
                tags.add("-".join((".".join(wheel.pythons), ".".join(wheel.abis), ".".join(wheel.platforms))))
        return f"{has} only wheels for {listed(sorted(tags)[:_MOST_WORDS])} and no source archive"

    def _sources(self, name: NormalizedName, mask: int) -> str:
        universe = self._facts.universes[name]
        sources = {where_from(universe.source(position)) for position in positions(mask)}
        return f"{listed(sorted(sources))}, which nobody asks for here"


def where_from(source: Source) -> str:
    match source:
        case Registry(index):
            return f"index `{index}`"
        case Git():
            reference = read_reference(source.reference)
            named = reference.name if reference is not None else ""
            commit = "" if named == source.commit else source.commit[:10]
            return f"git {source.url}{f' at {named}' if named else ''}{f' ({commit})' if commit else ''}"
        case Url(url):
            return url
        case File(path) | Directory(path):
            return path
        case Member(name):  # pragma: no branch - these are all the kinds of source
            return f"the member {name}"


_ORDER = {operator: number for number, operator in enumerate(("===", "==", "~=", ">", "!", "<"))}


def clauses(specifier: str) -> str:
    """A specifier the way one reads a range: the lower bound first."""
    parts = specifier.split(",")
    return ",".join(sorted(parts, key=lambda part: next((n for op, n in _ORDER.items() if part.startswith(op)), 0)))


def requirement_text(requirement: Requirement) -> str:
    return format_requirement(msgspec.structs.replace(requirement, specifier=clauses(requirement.specifier)))


def specifier_of(requirement: Requirement) -> str:
    """The part of a requirement that says which versions."""
    return clauses(requirement.specifier) or (f"@ {requirement.url}" if requirement.url else "any version")


def listed(words: Iterable[str], last: str = "and") -> str:
    """``a, b and c``"""
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else ""


def uploads_of(universe: Universe, mask: int) -> list[str]:
    """When the candidates of a mask were first uploaded, empty where an index does not tell."""
    found = []
    for position in positions(mask):
        segment = universe.segment(position)
        times = segment.listing.first_upload if segment.listing is not None else ()
        found.append(times[position - segment.offset] if times else "")
    return found


def positions(mask: int) -> list[int]:
    return [position for position in range(mask.bit_length()) if mask >> position & 1]


def _runs(universe: Universe, mask: int) -> str:
    runs: list[list[int]] = []
    for position in positions(mask):
        if runs and runs[-1][1] == position - 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    words = []
    for first, last in runs[-_MOST_RUNS:]:
        joint = " and " if last == first + 1 else " to "
        words.append(universe.version(first) + (joint + universe.version(last) if last != first else ""))
    more = len(runs) - _MOST_RUNS
    return ", ".join(words) + (f" and {more} older ranges" if more > 0 else "")
