"""Advisories as values: which versions of which packages have which flaw."""

from __future__ import annotations

from typing import Literal

import msgspec

from interlock.core.names import NormalizedName

__all__ = ["UNRATED", "Advisory", "AffectedPackage", "Event", "Happening", "Rating", "Severity"]

Happening = Literal["introduced", "fixed", "last_affected", "limit"]
Rating = Literal["critical", "high", "medium", "low", "none", "unknown"]


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What happened at a version: ``introduced`` at ``"0"`` is before all versions, ``limit`` at ``*`` no limit."""

    what: Happening
    version: str
    """As written, which need not be a version by PEP 440."""


class AffectedPackage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of a record about one package of PyPI's ecosystem."""

    name: NormalizedName
    versions: tuple[str, ...] = ()
    ranges: tuple[tuple[Event, ...], ...] = ()


class Severity(msgspec.Struct, frozen=True, kw_only=True):
    rating: Rating = "unknown"
    score: float | None = None
    """CVSS base score, where the vector is of a version that has a formula (3.0, 3.1)."""
    vector: str = ""


UNRATED = Severity()


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    aliases: tuple[str, ...] = ()
    """Sorted, without its own."""
    summary: str = ""
    """One line."""
    severity: Severity = UNRATED
    withdrawn: str = ""
    """When it was taken back; empty while it holds."""
    modified: str = ""
    url: str = ""
    affected: tuple[AffectedPackage, ...]
