"""Findings, and those that are set aside."""

from __future__ import annotations

from interlock.core.advisories.excuses import judge
from interlock.core.advisories.fixes import Claim, judge_fix
from interlock.core.advisories.matching import match
from interlock.core.manifests.manifest import AuditExcuse
from interlock.core.names import NormalizedName
from tests.core.advisories.records import advisory

FLASK = NormalizedName("flask")
OLD = [(FLASK, "1.0")]


def test_databases_that_tell_of_one_flaw_make_one_finding() -> None:
    records = [
        advisory("PYSEC-1", "flask", "introduced 0", "fixed 1.1", aliases=["CVE-1"]),
        advisory("CVE-2", "flask", "introduced 0", "fixed 3.0"),
        advisory("GHSA-1", "flask", "introduced 0", "fixed 1.2", aliases=["CVE-1", "CVE-3"], summary="Bad"),
        # It does not mean this version, and still says that the fix in 1.1 is none.
        advisory("X-3", "flask", versions=["1.2"], aliases=["CVE-3"]),
    ]
    expected = [("CVE-2", (), ("3.0",), ""), ("GHSA-1", ("CVE-1", "CVE-3", "PYSEC-1", "X-3"), (), "Bad")]
    for order in (records, records[::-1], [*records, *records]):
        found = match(OLD, order)
        assert [(one.id, one.aliases, one.fixed, one.summary) for one in found.findings] == expected
        assert found.clean == {(FLASK, "1.0"): ("3.0",)}


def test_what_was_withdrawn_does_not_count_and_is_told() -> None:
    gone = advisory("PYSEC-1", "flask", "introduced 0", withdrawn="2026-01-01T00:00:00Z")
    elsewhere = advisory("PYSEC-2", "flask", "introduced 2.0", withdrawn="2026-01-01T00:00:00Z")
    found = match(OLD, [gone, elsewhere])
    assert (found.findings, found.withdrawn) == ((), ("PYSEC-1",))


def test_the_worst_come_first() -> None:
    words = {"A": "LOW", "B": "CRITICAL", "C": "", "D": "MODERATE"}
    records = [advisory(name, "flask", "introduced 0", database_specific={"severity": w}) for name, w in words.items()]
    assert [one.id for one in match(OLD, records).findings] == ["B", "D", "A", "C"]


def _excuse(name: str, until: str, package: str = "") -> AuditExcuse:
    return AuditExcuse(id=name, package=NormalizedName(package), reason="known", until=until)


def test_an_excuse_counts_until_the_end_of_its_day_and_by_any_name() -> None:
    findings = match(OLD, [advisory("GHSA-1", "flask", "introduced 0", aliases=["CVE-1"])]).findings
    for rule, counts in (
        (_excuse("cve-1", "2026-12-01"), True),
        (_excuse("GHSA-1", "2026-11-30"), False),
        (_excuse("CVE-1", "2027-01-01", "jinja"), False),
        (_excuse("CVE-9", "2027-01-01"), False),
    ):
        found = judge(findings, [rule], today="2026-12-01")
        assert bool(found.excused) is counts
        assert len(found.open) + len(found.excused) == 1
    ended, other = _excuse("CVE-1", "2026-01-01"), _excuse("CVE-9", "2027-01-01")
    found = judge(findings, [ended, other], today="2026-12-01")
    assert (found.open, found.unused) == (((findings[0], ended),), (other,))
    longer = _excuse("GHSA-1", "2027-01-01")
    assert judge(findings, [ended, longer], today="2026-12-01").excused == ((findings[0], longer),)


def test_a_fix_fits_when_all_who_admit_what_is_locked_admit_it() -> None:
    narrow = Claim(by="web", requirement="flask<2", specifier="<2", place="pyproject.toml:3")
    other_fork = Claim(by="api", requirement="flask>=3", specifier=">=3")
    odd = Claim(by="odd", requirement="flask==x", specifier="===x y")
    claims = [narrow, other_fork, odd]
    assert judge_fix("1.1", "1.0", claims, complete=True).fits == "yes"
    assert judge_fix("1.1", "1.0", claims, complete=False).fits == "unknown"
    assert judge_fix("2.0", "1.0", claims, complete=False).blocked_by == (narrow,)
    assert judge_fix("2.0rc1", "1.0", [], complete=True).fits == "yes"
