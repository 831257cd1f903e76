"""Requirements: what is asked of a package (PEP 508)."""

from __future__ import annotations

import msgspec
from packaging.requirements import InvalidRequirement as _Invalid
from packaging.requirements import Requirement as _Parsed

from interlock.core.names import ExtraName, NormalizedName, normalize_extra, normalize_name
from interlock.errors import ManifestError

__all__ = ["InvalidRequirement", "Requirement", "format_requirement", "parse_requirement"]


class InvalidRequirement(ManifestError):
    code = "invalid-requirement"


class Requirement(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
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


_MEMO: dict[str, Requirement] = {}


def parse_requirement(text: str) -> Requirement:
    """Parse PEP 508 text; results are memoised by text.

    Raises :class:`InvalidRequirement`.
    """
    found = _MEMO.get(text)
    if found is None:
        try:
            parsed = _Parsed(text)
        except _Invalid as error:
            raise InvalidRequirement(f"`{text}` is not a valid requirement: {str(error).splitlines()[0]}") from error
        found = _MEMO[text] = Requirement(
            name=normalize_name(parsed.name),
            specifier=",".join(sorted(str(clause) for clause in parsed.specifier)),
            marker=str(parsed.marker) if parsed.marker is not None else "",
            extras=tuple(sorted({normalize_extra(extra) for extra in parsed.extras})),
            url=parsed.url or "",
        )
    return found


def format_requirement(requirement: Requirement) -> str:
    """Write it as PEP 508 text that parses to an equal requirement."""
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    if requirement.url:
        body = f"{requirement.name}{extras} @ {requirement.url}"
        return f"{body} ; {requirement.marker}" if requirement.marker else body
    body = f"{requirement.name}{extras}{requirement.specifier}"
    return f"{body} ; {requirement.marker}" if requirement.marker else body
