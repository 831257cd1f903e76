"""Where a lock is for: the environments that a problem is solved in."""

from __future__ import annotations

from interlock.core.markers.diagram import TRUE, Marker, any_of, parse_marker, requires_python_marker
from interlock.core.resolver.problem import Problem

__all__ = ["world"]


def world(problem: Problem) -> Marker:
    """All environments the lock is for: where any member runs, within the declared environments."""
    # A virtual root has no Python range of its own: its groups are for wherever the members run.
    texts = {member.requires_python for member in problem.members if member.name or member.requires_python}
    found = any_of(map(requires_python_marker, sorted(texts)))
    if found.is_false:
        found = TRUE
    if problem.environments:
        found = found & any_of(map(parse_marker, problem.environments))
    return found
