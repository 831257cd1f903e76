"""``[tool.interlock.audit]``: what a workspace lives with has a name, a reason and an end."""

from __future__ import annotations

import pytest

from interlock.core.manifests.manifest import AuditExcuse
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import InvalidManifest
from interlock.core.names import NormalizedName

HEAD = '[project]\nname = "a"\nversion = "1"\n[tool.interlock.audit]\nadvisories = "osv"\n'


def test_an_excuse_is_for_one_package_or_for_all_and_ends_on_a_day() -> None:
    text = (
        HEAD
        + '[[tool.interlock.audit.ignore]]\nid = "CVE-2026-1"\npackage = "A_b"\nreason = " not called "\n'
        + 'until = "2027-01-31"\n'
        + '[[tool.interlock.audit.ignore]]\nid = "GHSA-1"\nreason = "later"\nuntil = 2027-02-28\n'
    )
    audit = parse_manifest(text.encode(), path=".", file="pyproject.toml").settings.audit
    assert audit.advisories == ("osv",)
    assert audit.ignore == (
        AuditExcuse(id="CVE-2026-1", package=NormalizedName("a-b"), reason="not called", until="2027-01-31"),
        AuditExcuse(id="GHSA-1", package=NormalizedName(""), reason="later", until="2027-02-28"),
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('reason = "r"\nuntil = "2027-01-31"', 'has an entry without `id = "..."`'),
        ('id = "a b"\nreason = "r"\nuntil = "2027-01-31"', 'has an entry without `id = "..."`'),
        ('id = "X-1"\npackage = "a b"\nreason = "r"\nuntil = "2027-01-31"', "has `a b`, which is not a package name"),
        ('id = "X-1"\nuntil = "2027-01-31"', "does not say the `reason` for X-1"),
        ('id = "X-1"\nreason = " "\nuntil = "2027-01-31"', "does not say the `reason` for X-1"),
        ('id = "X-1"\nreason = "r"', "of X-1 has no day; write the last one it holds for"),
        ('id = "X-1"\nreason = "r"\nuntil = "soon"', "of X-1 has `soon` as day"),
        ('id = "X-1"\nreason = "r"\nuntil = 2027-01-31T00:00:00', "as day; write the last one it holds for"),
    ],
)
def test_an_excuse_that_lacks_something_is_named(entry: str, said: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse_manifest((HEAD + f"[[tool.interlock.audit.ignore]]\n{entry}\n").encode(), path=".", file="pyproject.toml")
    assert said in caught.value.message
