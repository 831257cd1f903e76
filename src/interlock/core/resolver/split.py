"""Where a fork must split: requirements on one name that differ by marker, and markers that raise the Python floor.

::

    numpy<2 ; python_version < '3.10'       {all environments}
    numpy>=2 ; python_version >= '3.10'       |- {python < 3.10}    numpy<2
                                              '- {python >= 3.10}   numpy>=2

One version for both would have to satisfy both at once, which is more than anybody asks for. A fork is split before the
requirements are added, so that within a fork the solver need not weigh markers: what it is told counts in all of it, or
differs from the rest only where nobody else asks for that name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from interlock.core.markers.diagram import Marker, any_of, python_lower_bound, without_extras
from interlock.core.names import NormalizedName
from interlock.core.resolver.dependencies import Dependency
from interlock.core.versions.version_list import parse_version

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
    forks = [env]
    for _, asked in sorted(_asked(_splitting(env, dependencies)).items()):
        texts: dict[Marker, str] = {}
        for text, markers in sorted(asked.items()):
            texts.setdefault(any_of(markers), text)
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


def _splitting(env: Marker, dependencies: Sequence[Dependency]) -> list[Dependency]:
    """Those on names that some requirement applies to in a part of the fork only: hardly ever any."""
    names = {found.requirement.name for found in dependencies if not env.implies(without_extras(found.marker))}
    return [found for found in dependencies if found.requirement.name in names]


def _asked(dependencies: Sequence[Dependency]) -> dict[tuple[NormalizedName, int], dict[str, list[Marker]]]:
    """By the part of a package that is asked for, and by what is asked of it: where.

    The same asked twice under two markers is asked once, where one of them holds. What is asked for is a text, so that
    it does not matter which requirement is written first.
    """
    found: dict[tuple[NormalizedName, int], dict[str, list[Marker]]] = {}
    for dependency in dependencies:
        requirement = dependency.requirement
        what = (dependency.kind, dependency.group, dependency.source, requirement.specifier, requirement.url)
        # Forks are of environments: what depends on the selection is told by the parts of a package.
        where = without_extras(dependency.marker)
        found.setdefault((requirement.name, dependency.part), {}).setdefault(f"{what} {requirement.extras}", []).append(
            where
        )
    return found


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
