"""A resolution that failed, as a value: what it came to, told without looking at any manifest.

Those who solve need not be those who have the manifests. :func:`no_solution` makes the error of it where these are.
"""

from __future__ import annotations

import msgspec

from interlock.core.members.asks import Origin
from interlock.core.resolver.placed import Locate, Text, placed
from interlock.errors import ResolutionError

__all__ = ["Failure", "NoSolution", "Row", "no_solution"]


class NoSolution(ResolutionError):
    """No set of versions satisfies everything that is asked."""

    code = "no-solution"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of the evidence as data."""

    data: dict[str, object]
    """What ``--json`` says of it; JSON values only."""
    origin: Origin | None = None
    """Where it is written, when that is in a manifest."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no solution."""

    message: Text
    hints: tuple[str, ...]
    """The best first; one at least."""
    where: str = ""
    """The environments concerned, as marker text; empty for all."""
    requirements: tuple[Row, ...] = ()
    """Of members and source trees."""
    dependencies: tuple[Row, ...] = ()
    """Of packages."""
    constraints: tuple[Row, ...] = ()
    ruled_out: tuple[dict[str, object], ...] = ()
    missing: tuple[str, ...] = ()
    """Names that nobody has."""


def no_solution(failure: Failure, locate: Locate | None = None) -> NoSolution:
    """The error for people; without ``locate`` it names the files only."""
    place = locate or _file_of

    def rows(found: tuple[Row, ...]) -> list[dict[str, object]]:
        return [{**row.data, "at": place(row.origin) if row.origin is not None else ""} for row in found]

    return NoSolution(
        placed(failure.message, place),
        hint=" ".join(failure.hints),
        facts={
            "where": failure.where,
            "requirements": rows(failure.requirements),
            "dependencies": rows(failure.dependencies),
            "constraints": rows(failure.constraints),
            "ruled-out": [dict(found) for found in failure.ruled_out],
            "missing": list(failure.missing),
            "hints": list(failure.hints),
        },
    )


def _file_of(origin: Origin) -> str:
    return "pyproject.toml" if origin.path in {"", "."} else f"{origin.path}/pyproject.toml"
