"""The requirements of core metadata by the table of a manifest they would stand in: plain, or of one extra."""

from __future__ import annotations

import msgspec

from interlock.core.markers.diagram import format_marker, parse_marker, restrict_extra, tests_extras
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import ExtraName
from interlock.core.requirements.requirement import Requirement

__all__ = ["requirements_by_extra"]


def requirements_by_extra(
    metadata: Metadata,
) -> tuple[tuple[Requirement, ...], dict[ExtraName, tuple[Requirement, ...]]]:
    """What is always required, and what each extra adds; no marker speaks of extras any more."""
    plain: list[Requirement] = []
    extras: dict[ExtraName, list[Requirement]] = {extra: [] for extra in metadata.extras}
    for requirement in metadata.requires:
        marker = parse_marker(requirement.marker)
        if not tests_extras(marker):
            plain.append(requirement)
            continue
        without = restrict_extra(marker, frozenset())
        if not without.is_false:
            plain.append(_under(requirement, format_marker(without)))
        for extra, found in extras.items():
            inside = restrict_extra(marker, frozenset((extra,))) & ~without
            if not inside.is_false:
                found.append(_under(requirement, format_marker(inside)))
    return tuple(plain), {extra: tuple(found) for extra, found in extras.items()}


def _under(requirement: Requirement, marker: str) -> Requirement:
    return msgspec.structs.replace(requirement, marker=marker)
