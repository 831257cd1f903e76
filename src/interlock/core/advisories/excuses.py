"""Excuses: findings that a workspace knows of and lives with, each for a reason and until a day."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from interlock.core.advisories.matching import Finding
from interlock.core.manifests.manifest import AuditExcuse

__all__ = ["Judged", "judge"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    open: tuple[tuple[Finding, AuditExcuse | None], ...] = ()
    """What counts, with the excuse that has run out."""
    excused: tuple[tuple[Finding, AuditExcuse], ...] = ()
    unused: tuple[AuditExcuse, ...] = ()
    """Excuses that nothing was found for."""


def judge(findings: Iterable[Finding], excuses: Iterable[AuditExcuse], *, today: str) -> Judged:
    """``today``: the day in UTC, ``YYYY-MM-DD``; an excuse counts until the end of its last day."""
    rules = tuple(excuses)
    standing: list[tuple[Finding, AuditExcuse | None]] = []
    excused: list[tuple[Finding, AuditExcuse]] = []
    used: set[AuditExcuse] = set()
    for finding in findings:
        fitting = [one for one in rules if one.id.upper() in finding.names and one.package in {"", finding.package}]
        used.update(fitting)
        longest = max(fitting, key=lambda one: one.until, default=None)
        if longest is not None and today <= longest.until:
            excused.append((finding, longest))
        else:
            standing.append((finding, longest))
    return Judged(open=tuple(standing), excused=tuple(excused), unused=tuple(one for one in rules if one not in used))
