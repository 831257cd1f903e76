"""Whether a marker that is well-formed can be evaluated at all: packaging reads some that mean nothing (``~= '3'``)."""

from __future__ import annotations

from interlock.core.markers.expression import InvalidMarker
from interlock.core.markers.meaning import parse_marker

__all__ = ["why_unreadable"]


def why_unreadable(marker: str) -> str:
    """Why nobody can evaluate a marker, empty for one that can be."""
    try:
        parse_marker(marker)
    except InvalidMarker as error:
        return error.problem
    return ""
