"""One requirement as a value (PEP 508).

Reading text into it is the work of :mod:`interlock.core.requirements.parse`, which needs ``packaging``; those who only
carry requirements around, as a command with nothing to do does, import this alone.
"""

from __future__ import annotations

import msgspec

from interlock.core.names import ExtraName, NormalizedName

__all__ = ["Requirement", "format_requirement"]


class Requirement(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, tag=0, gc=False):
    """One requirement, its parts as canonical text so that it can be cached, hashed and compared cheaply."""

    name: NormalizedName
    specifier: str = ""
    """PEP 440 specifier set, clauses sorted, no spaces; empty for any version."""
    marker: str = ""
    """PEP 508 marker text; empty when it always applies."""
    extras: tuple[ExtraName, ...] = ()
    """Sorted and unique."""
    url: str = ""
    """Direct reference (``name @ url``); then ``specifier`` is empty."""


def format_requirement(requirement: Requirement) -> str:
    """Write it as PEP 508 text that parses to an equal requirement."""
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    if requirement.url:
        body = f"{requirement.name}{extras} @ {requirement.url}"
        return f"{body} ; {requirement.marker}" if requirement.marker else body
    body = f"{requirement.name}{extras}{requirement.specifier}"
    return f"{body} ; {requirement.marker}" if requirement.marker else body
