"""What an audit has found, as values: for people, for ``--json`` and for SARIF."""

from __future__ import annotations

import msgspec

from interlock.core.advisories.advisory import Severity
from interlock.core.advisories.fixes import Fix
from interlock.core.lock.paths import ShortestPath
from interlock.core.manifests.manifest import AuditExcuse
from interlock.core.names import NormalizedName

__all__ = ["AuditReport", "Excuse", "ReportedFinding", "Upgrade"]


class Excuse(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of ``ignore``, and where it is written."""

    id: str
    package: str
    reason: str
    until: str
    place: str
    """``file:line``."""

    @staticmethod
    def of(written: AuditExcuse, place: str) -> Excuse:
        return Excuse(id=written.id, package=written.package, reason=written.reason, until=written.until, place=place)


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One flaw of one locked version."""

    id: str
    aliases: tuple[str, ...]
    package: NormalizedName
    version: str
    summary: str
    severity: Severity
    url: str
    fixed: tuple[Fix, ...]
    members: tuple[NormalizedName, ...]
    """That need it, of those that were selected."""
    paths: tuple[ShortestPath, ...]
    """A shortest one of each of these."""
    line: int
    """Of the lock, where the package stands."""
    excuse: Excuse | None = None
    """What sets it aside; or did, for one that counts again."""


class Upgrade(msgspec.Struct, frozen=True, kw_only=True):
    """A version that nothing is known against and that fits."""

    package: NormalizedName
    version: str
    to: str


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    packages: int
    """How many were judged."""
    advisories: int
    """How many there were about packages of PyPI, relevant or not."""
    newest: str
    """When the last of them was changed."""
    findings: tuple[ReportedFinding, ...]
    ignored: tuple[ReportedFinding, ...]
    upgrades: tuple[Upgrade, ...]
    withdrawn: tuple[str, ...]
    incomparable: tuple[str, ...]
    unused: tuple[Excuse, ...]
    """Entries of ``ignore`` that nothing was found for."""
    skipped: tuple[NormalizedName, ...]
    """Packages whose version the lock does not know, so that nothing can be said of them."""

    @property
    def ok(self) -> bool:
        return not self.findings
