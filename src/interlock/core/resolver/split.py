"""Where a fork must split: requirements on one name that differ by marker, and markers that raise the Python floor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from interlock.core.markers.diagram import Marker, python_lower_bound, without_extras
from interlock.core.names import NormalizedName
from interlock.core.resolver.dependencies import Dependency
from interlock.core.versions import parse_version

__all__ = ["Split", "halves", "ordered", "split"]

_UPPER_BOUND = re.compile(r"<|~=|==")


class Split(NamedTuple):
    """A fork that has to be solved as these parts instead."""

    forks: list[Marker]


def split(env: Marker, dependencies: Sequence[Dependency]) -> list[Marker]:
    """The forks in which each of the dependencies either always or never applies, as far as that matters.

    A name asked for once, or with one marker, needs no fork, unless the marker raises the lowest Python: then versions
    that need that Python can only be considered where the marker holds.

    Forks with more requirements that have an upper bound come first: what is chosen for ``numpy<2`` may do for
    ``numpy>=1`` as well, and hardly ever the other way round.
    """
    by_name: dict[tuple[NormalizedName, int], dict[Marker, str]] = {}
    for dependency in dependencies:
        requirement = dependency.requirement
        markers = by_name.setdefault((requirement.name, dependency.part), {})
        # Forks are of environments: what depends on the selection is told by the parts of a package.
        where = without_extras(dependency.marker)
        # Which requirement is written first must not matter, so they are taken in the order of their text.
        text = f"{requirement.specifier} {requirement.marker}"
        markers[where] = min(text, markers.get(where, text))
    forks = [env]
    for name in sorted(by_name):
        texts = by_name[name]
        splitting = sorted((marker for marker in texts if not env.implies(marker)), key=texts.__getitem__)
        if not splitting or (len(texts) == 1 and not _raises_python(env, splitting[0])):
            continue
        for marker in splitting:
            forks = [half for fork in forks for half in halves(fork, marker)]
    if len(forks) == 1:
        return forks
    capped = [
        without_extras(found.marker) for found in dependencies if _UPPER_BOUND.search(found.requirement.specifier)
    ]
    return sorted(forks, key=lambda fork: -sum(not marker.is_disjoint(fork) for marker in capped))


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
    """In the order in which they are solved: by lowest Python, and as they come where that is the same."""

    def key(fork: Marker) -> tuple[object, ...]:
        bound = python_lower_bound(fork)
        return (bound is not None, parse_version(bound or "0"))

    return sorted(forks, key=key, reverse=highest_first)
