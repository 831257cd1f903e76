"""Requirement text into requirements (PEP 508)."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement as _Invalid
from packaging.requirements import Requirement as _Parsed

from interlock.core.names import normalize_extra, normalize_name
from interlock.core.requirement import Requirement, format_requirement
from interlock.errors import ManifestError

__all__ = ["InvalidRequirement", "Requirement", "format_requirement", "parse_requirement"]


class InvalidRequirement(ManifestError):
    code = "invalid-requirement"


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
