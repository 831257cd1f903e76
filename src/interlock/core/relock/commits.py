"""Which commits a relock stays at: those of an upgraded project and of what its repository gives with it move."""

from __future__ import annotations

from collections.abc import Collection

from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Git

__all__ = ["kept_commits"]


def kept_commits(lock: Lock, upgrade: Collection[NormalizedName]) -> frozenset[Git]:
    """The sources of the lock whose references are not asked about again."""
    sources = {package.name: package.source for package in lock.packages if isinstance(package.source, Git)}
    beside: dict[NormalizedName, set[NormalizedName]] = {name: set() for name in sources}
    for package in lock.packages:
        for edge in package.every():
            if package.name in sources and edge.name in sources and _are_one(sources, package.name, edge.name):
                beside[package.name].add(edge.name)
                beside[edge.name].add(package.name)
    moved: set[NormalizedName] = set()
    waiting = [name for name in upgrade if name in sources]
    while waiting:
        name = waiting.pop()
        if name not in moved:
            moved.add(name)
            waiting.extend(beside[name])
    return frozenset(
        package.source for package in lock.packages if isinstance(package.source, Git) and package.name not in moved
    )


def _are_one(sources: dict[NormalizedName, Git], one: NormalizedName, other: NormalizedName) -> bool:
    mine, theirs = sources[one], sources[other]
    return mine.url == theirs.url and not set(mine.references).isdisjoint(theirs.references)
