"""Why there is no solution, in sentences: who asks for what, and what stands in the way.

The derivation graph of the failure is a proof; its leaves are facts that a reader can check. The report names the
members' requirements first, because those are what can be changed, then what packages say, each once and merged over
the versions that say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from interlock.core.asks import Origin
from interlock.core.names import NormalizedName
from interlock.core.requirement import format_requirement
from interlock.core.resolver.dependencies import ROOT
from interlock.core.resolver.facts import Facts, Universe, Unusable
from interlock.core.resolver.incompatibility import Derived, Incompatibility, NeededBy, PackageKey, Rejected
from interlock.core.resolver.outcome import Unsolvable
from interlock.core.resolver.resolver import Resolver
from interlock.core.sources import Member
from interlock.errors import ResolutionError

__all__ = ["NoSolution", "no_solution"]

_MOST_RANGES = 4
_REASONS = {
    "python": "not usable with the Pythons asked for",
    "yanked": "yanked",
    "cutoff": "uploaded after the cutoff {detail}",
    "prerelease": "pre-releases, which are not allowed here",
    "platform": "without a file that can be used here",
    "unusable": "unusable ({detail})",
    "source": "not from the source that was asked for",
}


class NoSolution(ResolutionError):
    """No set of versions satisfies everything that is asked."""

    code = "no-solution"


class _Evidence(NamedTuple):
    asked: dict[tuple[Origin, str], str]
    """Sentences about members' requirements."""
    said: dict[tuple[PackageKey, str, str], int]
    """Depender, dependee, requirement text: the versions that say so."""
    ruled_out: dict[tuple[NormalizedName, str, str], int]
    """Package, reason, detail: the versions concerned."""
    missing: dict[NormalizedName, str]


def no_solution(resolver: Resolver, outcome: Unsolvable, locate: Callable[[Origin], str] | None = None) -> NoSolution:
    """The error for a failed resolution; ``locate`` says where a requirement is written, as ``file:line``."""
    find = locate or (lambda origin: f"{origin.path}/pyproject.toml")
    evidence = _gather(resolver, outcome.cause, find)
    facts = resolver.facts
    lines = ["No set of versions satisfies everything that is asked."]
    if outcome.marker:
        lines[0] = f"No set of versions satisfies everything that is asked where {outcome.marker}."
    lines += [f"  {sentence}" for sentence in evidence.asked.values()]
    for (depender, dependee, text), mask in evidence.said.items():
        who = _versions(facts.universes[depender.name], mask, depender)
        verb = "depends" if _is_one(mask) else "depend"
        lines.append(f"  {who} {verb} on {text or dependee}")
    for (name, reason, detail), mask in evidence.ruled_out.items():
        verb = "is" if _is_one(mask) else "are"
        why = _REASONS[reason].format(detail=detail)
        if reason == "python":
            why = _python_reason(resolver, facts.universes[name], mask)
        lines.append(f"  {_versions(facts.universes[name], mask, PackageKey(name))} {verb} {why}")
    for name, why in evidence.missing.items():
        lines.append(f"  {name} {why}")
    asked = [
        {"member": origin.member, "path": origin.path, "table": origin.table, "requirement": text, "at": find(origin)}
        for origin, text in evidence.asked
    ]
    return NoSolution("\n".join(lines), hint=_hint(evidence), facts={"requirements": asked, "where": outcome.marker})


def _hint(evidence: _Evidence) -> str:
    reasons = {reason for _, reason, _ in evidence.ruled_out}
    if evidence.missing:
        return f"Check the spelling of {', '.join(sorted(evidence.missing))} and the configured indexes."
    if "cutoff" in reasons:
        return "A later --exclude-newer, or an exception for the package, would admit newer files."
    if "prerelease" in reasons:
        return "Allow pre-releases with --prerelease allow, or name one in the requirement."
    if "python" in reasons:
        return "Narrow requires-python to what the packages support, or allow older versions of them."
    return "Change one of the requirements above, or declare the members as conflicting."


def _gather(resolver: Resolver, cause: Incompatibility, locate: Callable[[Origin], str]) -> _Evidence:
    evidence = _Evidence({}, {}, {}, {})
    seen: set[int] = set()
    stack = [cause]
    while stack:
        incompatibility = stack.pop()
        if id(incompatibility) in seen:
            continue
        seen.add(id(incompatibility))
        reason = incompatibility.cause
        if isinstance(reason, Derived):
            stack.extend((reason.right, reason.left))
        elif isinstance(reason, NeededBy):
            _note_need(resolver, incompatibility, reason, evidence, locate)
        elif isinstance(reason, Rejected):
            key = (reason.key.name, reason.reason, reason.detail)
            positive = next((mask for _, mask in incompatibility.terms), 0) >> 1
            evidence.ruled_out[key] = evidence.ruled_out.get(key, 0) | positive
    return evidence


def _note_need(
    resolver: Resolver,
    incompatibility: Incompatibility,
    cause: NeededBy,
    evidence: _Evidence,
    locate: Callable[[Origin], str],
) -> None:
    requirement = cause.requirement
    if cause.depender == ROOT:
        return
    universe = resolver.facts.universes.get(requirement.name)
    if universe is not None and not universe.size and cause.kind != "member":
        evidence.missing[requirement.name] = _absence(universe)
    text = format_requirement(requirement)
    if cause.kind in {"constraint", "override"}:
        evidence.said.setdefault((cause.depender, requirement.name, text), 0)
    if cause.origin is not None and _is_member(resolver.facts, cause.depender.name):
        sentence = f"{cause.depender} requires {text} ({locate(cause.origin)})"
        evidence.asked.setdefault((cause.origin, text), sentence)
        return
    package = resolver.shared.ids[cause.depender]
    mask = next((found for other, found in incompatibility.terms if other == package), 0) >> 1
    key = (cause.depender, str(requirement.name), text)
    evidence.said[key] = evidence.said.get(key, 0) | mask


def _is_member(facts: Facts, name: NormalizedName) -> bool:
    universe = facts.universes.get(name)
    return universe is not None and universe.size == 1 and isinstance(universe.source(0), Member)


def _absence(universe: Universe) -> str:
    if universe.missing == "offline":
        return "is not in the cache, and the network may not be used"
    return "was not found on any index"


def _python_reason(resolver: Resolver, universe: Universe, mask: int) -> str:
    """The Python that the rejected versions ask for, as far as it is known."""
    asked = sorted(
        {
            artifact.requires_python
            for position in _positions(mask)
            for artifact in universe.artifacts(position)
            if artifact.requires_python
        }
        | {
            known.requires_python
            for position in _positions(mask)
            if (known := resolver.facts.dependencies.get((universe.name, position))) is not None
            and not isinstance(known, Unusable)
            and known.requires_python
        }
    )
    wanted = f" (Python {' or '.join(asked[:_MOST_RANGES])})" if asked else ""
    return f"only for other Pythons{wanted}"


def _positions(mask: int) -> list[int]:
    return [position for position in range(mask.bit_length()) if mask >> position & 1]


def _is_one(mask: int) -> bool:
    return mask & (mask - 1) == 0


def _versions(universe: Universe, mask: int, key: PackageKey) -> str:
    """A set of candidates as a reader would say it."""
    if universe.size == 1 and isinstance(universe.source(0), Member):
        return str(key)
    if mask == universe.full or not mask:
        return f"all versions of {key}" if not _is_one(mask) else f"{key} {universe.version(0)}"
    runs: list[list[int]] = []
    for position in _positions(mask):
        if runs and runs[-1][1] == position - 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    shown = [
        universe.version(first) if first == last else f"{universe.version(first)} to {universe.version(last)}"
        for first, last in runs[-_MOST_RANGES:]
    ]
    more = f" (and {len(runs) - _MOST_RANGES} older ranges)" if len(runs) > _MOST_RANGES else ""
    return f"{key} {', '.join(shown)}{more}"
