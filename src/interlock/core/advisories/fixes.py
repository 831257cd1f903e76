"""Whether a version that is free of a flaw is one that everybody who asks for the package would take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from packaging.version import InvalidVersion

from interlock.core.versions.version_list import parse_specifier, parse_version

__all__ = ["Claim", "Fix", "judge_fix"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks of a package."""

    by: str
    """A member, or a package with its version."""
    requirement: str
    """As a sentence shows it, ``urllib3<2``."""
    specifier: str = ""
    """PEP 440; what cannot be read as that says nothing."""
    place: str = ""
    """``file:line``, where a person can change it."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    fits: Literal["yes", "no", "unknown"]
    """Unknown where not all who ask are known, and none of the others minds."""
    blocked_by: tuple[Claim, ...] = ()


def judge_fix(version: str, locked: str, claims: Iterable[Claim], *, complete: bool) -> Fix:
    """Whether a version fits all claims that the locked one fits: the others are about another fork, or overridden."""
    bound = [claim for claim in claims if _admits(claim, locked)]
    blocking = tuple(claim for claim in bound if not _admits(claim, version))
    if blocking:
        return Fix(version=version, fits="no", blocked_by=blocking)
    return Fix(version=version, fits="yes" if complete else "unknown")


def _admits(claim: Claim, version: str) -> bool:
    try:
        return parse_specifier(claim.specifier).contains(parse_version(version), prereleases=True)
    except (InvalidVersion, ValueError):
        return True
