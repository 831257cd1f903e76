"""Upper bounds on Python that do not count, told where what sets them is needed beyond them."""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.markers.diagram import FALSE, Marker
from interlock.core.resolver.dependencies import ROOT
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.resolution import ForkSolution
from interlock.core.resolver.resolver import Resolver

__all__ = ["bounds_passed_over"]

_MOST = 8
"""Packages that are named."""


def bounds_passed_over(resolver: Resolver, forks: Iterable[ForkSolution]) -> str:
    """One sentence for all of them, empty when there are none."""
    told: set[str] = set()
    for fork in forks:
        bounds = {
            key: bound
            for key, position in fork.chosen.items()
            if key.extra is None and key.group is None
            if _is_listed(resolver, key, position)
            for bound in [resolver.candidates.pythons.passed_over(key.name, position)]
            if bound is not None and not bound[1].is_disjoint(fork.env)
        }
        where = _needed_where(resolver, fork) if bounds else {}
        for key, (text, beyond) in bounds.items():
            if not beyond.is_disjoint(where.get(key, FALSE)):
                version = resolver.facts.universes[key.name].version(fork.chosen[key])
                told.add(f"{key.name} {version} ({text})")
    names = sorted(told)
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    if not names:
        return ""
    return (
        "Upper bounds on Python are passed over, because no newer release could be taken that admits more:"
        f" {', '.join(names[:_MOST])}{more}."
    )


def _is_listed(resolver: Resolver, key: PackageKey, position: int) -> bool:
    universe = resolver.facts.universes.get(key.name)
    return universe is not None and position < universe.size and universe.segment(position).listing is not None


def _needed_where(resolver: Resolver, fork: ForkSolution) -> dict[PackageKey, Marker]:
    """The environments in which each package, extra and group of a fork is asked for."""
    where = {ROOT: fork.env}
    todo = [ROOT]
    while todo:
        key = todo.pop()
        here = where[key]
        for marker, children in resolver.dependencies.children(key, fork.chosen[key]):
            for child in children:
                known = where.get(child, FALSE)
                if known is here:
                    continue
                joined = known | here & marker
                if joined is not known and child in fork.chosen:  # pragma: no branch - what holds is chosen
                    where[child] = joined
                    todo.append(child)
    return where
