"""Who has decided where a package comes from: a URL, a path or a repository leaves one version of it."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.core.members.asks import Ask
from interlock.core.names import NormalizedName
from interlock.core.resolver.problem import Problem
from interlock.core.sources.source import Member, Registry

__all__ = ["fixed_by"]


def fixed_by(problem: Problem, name: NormalizedName) -> Ask | None:
    """The first member's requirement, by name and text, that takes a package from one certain place."""
    found = [ask for ask in _asks(problem) if ask.requirement.name == name and ask.source is not None]
    fixed = [ask for ask in found if not isinstance(ask.source, Registry | Member)]
    return min(fixed, key=lambda ask: (ask.origin.member, ask.origin.table, ask.origin.text), default=None)


def _asks(problem: Problem) -> Iterator[Ask]:
    for member in (*problem.members, *(package.asks for package in problem.direct)):
        yield from member.every()
