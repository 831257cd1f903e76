"""Repositories asked for in several ways: references become commits first, and what means the same tree is one source.

``@main`` beside ``@v1``, a short commit beside the full one, a URL with and without ``.git``: where they lead to one
commit there is nothing to choose between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.sources.git_url import canonical_git_url
from interlock.core.sources.source import Git

__all__ = ["Spellings", "one_for_each_commit"]


class Spellings:
    """One way to write the URL of each repository, so that it is fetched from one place."""

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Spellings of {len(self._urls)} repositories>"

    def add(self, sources: Iterable[Git]) -> None:
        """Take in what is asked for together; what was decided before stays."""
        found: dict[str, list[str]] = {}
        for source in sources:
            found.setdefault(canonical_git_url(source.url), []).append(source.url)
        for key, urls in found.items():
            # Without `.git` and slashes: git itself tries them.
            self._urls.setdefault(key, min(urls, key=lambda url: (len(url), url)))

    def of(self, source: Git) -> Git:
        url = self._urls.get(canonical_git_url(source.url), source.url)
        return source if url == source.url else msgspec.structs.replace(source, url=url)


def one_for_each_commit(sources: Iterable[tuple[NormalizedName, Git]]) -> Mapping[tuple[NormalizedName, Git], Git]:
    """By package and source with its commit: the one that stands for all that mean the same tree."""
    same: dict[tuple[NormalizedName, str, str, str, bool], set[Git]] = {}
    for name, source in sources:
        place = canonical_git_url(source.url)
        same.setdefault((name, place, source.commit, source.subdirectory, source.lfs), set()).add(source)
    found: dict[tuple[NormalizedName, Git], Git] = {}
    for (name, *_), group in same.items():
        references = sorted({source.reference for source in group}, key=lambda text: (not text, text))
        first = min(group, key=lambda source: (len(source.url), source.url, source.reference))
        one = msgspec.structs.replace(first, reference=references[0], also=tuple(references[1:]))
        found.update({(name, source): one for source in group})
    return found
