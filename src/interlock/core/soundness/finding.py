"""Findings: what is wrong with a lock, or worth knowing about it."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from interlock.core.names import NormalizedName

__all__ = ["NOTES", "Fault", "Finding", "Kind", "Note"]

Fault = Literal[
    "ambiguous",
    "conflicting",
    "constraint",
    "digest",
    "excluded",
    "extra-missing",
    "file-missing",
    "missing",
    "no-file",
    "python",
    "source",
    "unasked",
    "unsatisfied",
]
Note = Literal["beside-member", "narrowed", "never-selected", "no-file-somewhere", "unknown", "unreached", "yanked"]
"""What does not make a lock wrong."""
Kind = Fault | Note
NOTES: frozenset[Kind] = frozenset(get_args(Note))


class Finding(msgspec.Struct, frozen=True, order=True, kw_only=True):
    kind: Kind
    members: tuple[NormalizedName, ...] = ()
    """The member whose requirement it is, or all that reach the package."""
    package: NormalizedName
    version: str = ""
    requirement: str = ""
    """As asked, with overrides applied."""
    by: str = ""
    """What asks: ``member``, ``member[extra]``, ``member:group``, ``package version`` or ``package[extra] version``."""
    environment: str = ""
    """Marker of where; empty: wherever the lock is for."""
    message: str
    """One sentence."""

    @property
    def is_note(self) -> bool:
        return self.kind in NOTES
