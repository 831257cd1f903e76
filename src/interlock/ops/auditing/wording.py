"""The sentences of an audit, the same for people and for tools that show them."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.core.advisories.fixes import Fix
from interlock.core.lock.paths import ShortestPath
from interlock.core.names import shown_member
from interlock.ops.auditing.report import ReportedFinding

__all__ = ["finding_lines", "finding_sentence", "fix_words", "path_words"]

_MOST_MEMBERS = 5
_MOST_BLOCKERS = 3


def finding_sentence(finding: ReportedFinding) -> str:
    """One sentence, or two with the summary."""
    names = f" ({', '.join(finding.aliases)})" if finding.aliases else ""
    what = f" {finding.summary.rstrip('.')}." if finding.summary else ""
    return f"{finding.package} {finding.version} has {finding.id}{names}, {_rating(finding)}.{what}"


def finding_lines(finding: ReportedFinding) -> Iterator[str]:
    """For a terminal: what, for whom, and what mends it."""
    names = f" ({', '.join(finding.aliases)})" if finding.aliases else ""
    yield f"{finding.package} {finding.version}: {finding.id}{names}, {_rating(finding)}"
    if finding.summary:
        yield f"  {finding.summary}"
    shown = ", ".join(shown_member(name) for name in finding.members[:_MOST_MEMBERS])
    more = len(finding.members) - _MOST_MEMBERS
    yield f"  needed by {shown}{f' and {more} more' if more > 0 else ''}: {path_words(_shortest(finding.paths))}"
    for text in fix_words(finding):
        yield f"  {text}"
    if finding.url:
        yield f"  {finding.url}"
    if finding.excuse is not None:
        yield f"  {finding.excuse.place}: ignored until {finding.excuse.until} ({finding.excuse.reason})"


def fix_words(finding: ReportedFinding) -> Iterator[str]:
    if not finding.fixed:
        yield "no fixed version is known"
    for fix in finding.fixed:
        yield f"fixed in {fix.version}, which {_fits(fix)}"


def path_words(path: ShortestPath) -> str:
    """
    >>> from interlock.core.lock.paths import PathStep
    >>> steps = (PathStep(name="web"), PathStep(name="flask", version="3.0", via="group dev"))
    >>> path_words(ShortestPath(member="web", steps=steps))
    'web -> flask 3.0 (group dev)'
    """
    first, *rest = path.steps
    words = (f"{step.name} {step.version}".rstrip() + (f" ({step.via})" if step.via else "") for step in rest)
    return " -> ".join((shown_member(first.name), *words))


def _shortest(paths: tuple[ShortestPath, ...]) -> ShortestPath:
    return min(paths, key=lambda path: (len(path.steps), path.member))


def _rating(finding: ReportedFinding) -> str:
    severity = finding.severity
    if severity.rating == "unknown":
        return "of unknown severity"
    score = f" ({severity.score})" if severity.score is not None else ""
    return f"{severity.rating}{score}"


def _fits(fix: Fix) -> str:
    if fix.fits == "yes":
        return "fits what is asked"
    if fix.fits == "unknown":
        return "may fit: not all who ask for the package could be asked"
    blockers = [
        f"{claim.by} asks for {claim.requirement}{f' ({claim.place})' if claim.place else ''}"
        for claim in fix.blocked_by[:_MOST_BLOCKERS]
    ]
    more = len(fix.blocked_by) - _MOST_BLOCKERS
    return f"does not fit: {', '.join(blockers)}{f' and {more} more' if more > 0 else ''}"
