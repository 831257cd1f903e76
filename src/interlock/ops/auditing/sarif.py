"""What an audit has found in SARIF 2.1.0, as code hosts read it: each finding at the lock's line of the package.

Nothing in it tells when or where it was made, so the same lock and advisories give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.advisories.advisory import Rating
from interlock.ops.auditing.report import AuditReport, Excuse, ReportedFinding
from interlock.ops.auditing.wording import finding_sentence, fix_words

__all__ = ["sarif_document"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LOCK = "interlock.lock"
_LEVELS: dict[Rating, str] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "unknown": "warning",
    "low": "note",
    "none": "note",
}
_SCORES: dict[Rating, str] = {"critical": "9.0", "high": "7.0", "medium": "4.0", "low": "0.1"}
"""For those who sort by score, where the database has only a word: the least that the word means."""


def sarif_document(report: AuditReport, version: str) -> dict[str, object]:
    """One run; findings that are set aside are results with a suppression."""
    found = [*report.findings, *report.ignored]
    rules = {one.id: one for one in sorted(found, key=lambda one: one.id)}
    order = {name: place for place, name in enumerate(rules)}
    ignored = {id(one) for one in report.ignored}
    driver = {
        "name": "interlock",
        "version": version,
        "rules": [_rule(name, [one for one in found if one.id == name]) for name in rules],
    }
    results = [_result(one, order[one.id], one.excuse if id(one) in ignored else None) for one in found]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _rule(name: str, findings: Iterable[ReportedFinding]) -> dict[str, object]:
    first, *_ = findings
    score = str(first.severity.score) if first.severity.score is not None else _SCORES.get(first.severity.rating)
    rule: dict[str, object] = {
        "id": name,
        "shortDescription": {"text": first.summary or name},
        "defaultConfiguration": {"level": _LEVELS[first.severity.rating]},
        "properties": {"tags": ["security"], "aliases": list(first.aliases)},
    }
    if score:
        rule["properties"] = {"tags": ["security"], "aliases": list(first.aliases), "security-severity": score}
    if first.url:
        rule["helpUri"] = first.url
    return rule


def _result(finding: ReportedFinding, rule: int, excuse: Excuse | None) -> dict[str, object]:
    sentences = [finding_sentence(finding), *(f"{text[:1].upper()}{text[1:]}." for text in fix_words(finding))]
    region = {"region": {"startLine": finding.line}} if finding.line else {}
    result: dict[str, object] = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity.rating],
        "message": {"text": " ".join(sentences)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _LOCK, "uriBaseId": "%SRCROOT%"}, **region}}],
        # The line moves with every other package; what is the same finding is this.
        "partialFingerprints": {"finding/v1": f"{finding.id}:{finding.package}:{finding.version}"},
        "properties": {"members": list(finding.members), "paths": [_way(path.steps) for path in finding.paths]},
    }
    if excuse is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": excuse.reason}]
    return result


def _way(steps: Iterable[object]) -> str:
    return " -> ".join(getattr(step, "name", "") for step in steps)
