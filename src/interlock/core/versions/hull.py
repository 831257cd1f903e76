"""The Pythons that several ranges admit together, as one range."""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.versions.version_list import parse_version

__all__ = ["requires_python_hull"]


def requires_python_hull(specifiers: Iterable[str]) -> str:
    """The widest range any of the specifiers admits, as a lower bound; the text itself when all are equal."""
    texts = sorted(set(specifiers))
    if len(texts) <= 1:
        return texts[0] if texts else ""
    bounds = []
    for text in texts:
        lowest = [clause.strip()[2:] for clause in text.split(",") if clause.strip().startswith((">=", "==", "~="))]
        if not lowest:
            return ""
        bounds.append(max(lowest, key=lambda version: parse_version(version.removesuffix(".*"))))
    return ">=" + min(bounds, key=lambda version: parse_version(version.removesuffix(".*"))).removesuffix(".*")
