"""Findings: what is known against versions that are locked, one for each flaw however many databases tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from interlock.core.advisories.advisory import UNRATED, Advisory, Severity
from interlock.core.advisories.affected import fixes_of, incomparable, is_meant
from interlock.core.names import NormalizedName

__all__ = ["Finding", "Matches", "match"]

_DATABASES = ("GHSA-", "PYSEC-", "CVE-")
"""Whose name a flaw goes by, the most telling records first."""
_RATINGS = ("none", "unknown", "low", "medium", "high", "critical")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One flaw of one version."""

    id: str
    aliases: tuple[str, ...] = ()
    """All its other names, sorted."""
    package: NormalizedName
    version: str
    summary: str = ""
    severity: Severity = UNRATED
    url: str = ""
    fixed: tuple[str, ...] = ()
    """Later versions that are said to be without it, ascending."""

    @property
    def names(self) -> frozenset[str]:
        """All that it is called, in one way of writing."""
        return frozenset(name.upper() for name in (self.id, *self.aliases))


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[Finding, ...] = ()
    """By package, the worst first."""
    clean: dict[tuple[NormalizedName, str], tuple[str, ...]] = {}
    """By package and version with findings: the later versions that nothing is known against, ascending."""
    withdrawn: tuple[str, ...] = ()
    """Records that mean something of it and were taken back."""
    incomparable: tuple[str, ...] = ()
    """Records with a range that says nothing, since what it begins or ends with is no version: only the versions that
    they list count."""


def match(packages: Iterable[tuple[NormalizedName, str]], advisories: Iterable[Advisory]) -> Matches:
    """All that these advisories say of these versions."""
    by_name: dict[NormalizedName, list[Advisory]] = {}
    for advisory in advisories:
        for name in {entry.name for entry in advisory.affected}:
            by_name.setdefault(name, []).append(advisory)
    findings: list[Finding] = []
    clean: dict[tuple[NormalizedName, str], tuple[str, ...]] = {}
    withdrawn: set[str] = set()
    vague: set[str] = set()
    for name, version in sorted(set(packages)):
        known = by_name.get(name, [])
        withdrawn |= {one.id for one in known if one.withdrawn and is_meant(one, name, version)}
        standing = [one for one in known if not one.withdrawn]
        vague |= {one.id for one in standing if incomparable(one, name)}
        found = [
            _finding(records, name, version)
            for records in _flaws(standing)
            if any(is_meant(one, name, version) for one in records)
        ]
        if found:
            clean[name, version] = fixes_of(standing, name, version)
        findings += sorted(found, key=lambda one: (-_weight(one.severity)[0], -_weight(one.severity)[1], one.id))
    return Matches(
        findings=tuple(findings),
        clean=clean,
        withdrawn=tuple(sorted(withdrawn)),
        incomparable=tuple(sorted(vague)),
    )


def _flaws(advisories: Iterable[Advisory]) -> Iterator[list[Advisory]]:
    """Records that are about the same, by the names that they share."""
    groups: list[tuple[set[str], list[Advisory]]] = []
    for advisory in advisories:
        names = {name.upper() for name in (advisory.id, *advisory.aliases)}
        records = [advisory]
        apart = []
        for group in groups:
            if names.isdisjoint(group[0]):
                apart.append(group)
            else:
                names |= group[0]
                records += group[1]
        groups = [*apart, (names, records)]
    for _, records in groups:
        yield sorted(records, key=_rank)


def _rank(advisory: Advisory) -> tuple[int, str, str]:
    places = (place for place, prefix in enumerate(_DATABASES) if advisory.id.startswith(prefix))
    return next(places, len(_DATABASES)), advisory.id, advisory.modified


def _finding(records: list[Advisory], name: NormalizedName, version: str) -> Finding:
    first = records[0]
    names = {name for record in records for name in (record.id, *record.aliases)}
    return Finding(
        id=first.id,
        aliases=tuple(sorted(names - {first.id})),
        package=name,
        version=version,
        summary=next((record.summary for record in records if record.summary), ""),
        severity=max((record.severity for record in records), key=_weight),
        url=next((record.url for record in records if record.url), ""),
        fixed=fixes_of(records, name, version),
    )


def _weight(severity: Severity) -> tuple[int, float]:
    return _RATINGS.index(severity.rating), severity.score or 0.0
