"""Where a fork must split: requirements on one name that differ by marker, and markers that raise the Python floor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from interlock.core.markers.diagram import Marker, format_marker, python_lower_bound
from interlock.core.names import NormalizedName
from interlock.core.resolver.dependencies import Dependency
from interlock.core.versions import parse_version

__all__ = ["Split", "halves", "ordered", "split"]


class Split(NamedTuple):
    """A fork that has to be solved as these parts instead."""

    forks: list[Marker]


def split(env: Marker, dependencies: Iterable[Dependency]) -> list[Marker]:
    """The forks in which each of the dependencies either always or never applies, as far as that matters.

    A name asked for once, or with one marker, needs no fork, unless the marker raises the lowest Python: then versions
    that need that Python can only be considered where the marker holds.
    """
    by_name: dict[NormalizedName, list[Marker]] = {}
    for dependency in dependencies:
        markers = by_name.setdefault(dependency.requirement.name, [])
        if dependency.marker not in markers:
            markers.append(dependency.marker)
    forks = [env]
    for name in sorted(by_name):
        markers = [marker for marker in by_name[name] if not env.implies(marker)]
        if not markers:
            continue
        if len(by_name[name]) == 1 and not _raises_python(env, markers[0]):
            continue
        for marker in markers:
            forks = [half for fork in forks for half in halves(fork, marker)]
    return forks


def halves(env: Marker, marker: Marker) -> list[Marker]:
    """The part of a fork inside a marker and the part outside, without empty ones."""
    inside, outside = env & marker, env & ~marker
    return [half for half in (inside, outside) if not half.is_false]


def _raises_python(env: Marker, marker: Marker) -> bool:
    bound = python_lower_bound(marker)
    if bound is None:
        return False
    floor = python_lower_bound(env)
    return floor is None or parse_version(bound) > parse_version(floor)


def ordered(forks: Sequence[Marker], *, highest_first: bool) -> list[Marker]:
    """In the order in which they are solved: by lowest Python, then as text so that the order is stable."""

    def key(fork: Marker) -> tuple[object, ...]:
        bound = python_lower_bound(fork)
        return (bound is not None, parse_version(bound or "0"))

    return sorted(sorted(forks, key=format_marker), key=key, reverse=highest_first)
