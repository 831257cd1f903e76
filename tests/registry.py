"""Packages as data: what a test's index holds, written the way one would say it.

>>> packages = registry(a={"1.0": ["b>=2"]}, b={"2.0": [], "2.1": []})
>>> [release.filename for release in packages.releases("b")]
['b-2.0-py3-none-any.whl', 'b-2.1-py3-none-any.whl']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from tests.wheels import Built, make_sdist, make_wheel

__all__ = ["Registry", "Release", "holding", "normalized", "registry"]

Versions = Mapping[str, Iterable[str]]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one project, and what the index says about it."""

    built: Built
    yanked: bool | str = False
    """True, or the reason."""
    upload_time: str | None = "2025-01-01T00:00:00.000000Z"
    hashed: bool = True
    """False leaves the sha256 out of the page."""
    sha256: str | None = None
    """A digest to show instead of the true one."""
    hashes: Mapping[str, str] | None = None
    """Hashes to show instead of the sha256, by algorithm."""
    metadata: bool = True
    """False: this file advertises no metadata file (PEP 658)."""

    @property
    def told_hashes(self) -> dict[str, str]:
        """What a page shows."""
        if self.hashes is not None:
            return dict(self.hashes)
        return {"sha256": self.sha256 or self.built.sha256} if self.hashed else {}

    @property
    def filename(self) -> str:
        return self.built.filename


class Registry:
    """A mutable set of releases; the index server reads it at each request, so a test may publish while it runs."""

    def __init__(self) -> None:
        self._releases: dict[str, list[Release]] = {}
        self.raw: dict[str, list[dict[str, object]]] = {}
        """File entries to put on a project's JSON page verbatim (to make a page wrong on purpose)."""
        self.statuses: dict[str, str] = {}
        """Project status markers (PEP 792)."""

    def __repr__(self) -> str:
        files = sum(map(len, self._releases.values()))
        return f"<Registry [{len(self._releases)} projects, {files} files]>"

    def add(self, built: Built, release: Release | None = None) -> Release:
        """Publish an archive; ``release`` carries what the index should say about it."""
        published = msgspec.structs.replace(release, built=built) if release else Release(built=built)
        self._releases.setdefault(normalized(built.name), []).append(published)
        return published

    def publish(
        self,
        built: Built,
        *,
        yanked: bool | str = False,
        upload_time: str | None = "2025-01-01T00:00:00.000000Z",
        hashed: bool = True,
        sha256: str | None = None,
        hashes: Mapping[str, str] | None = None,
        metadata: bool = True,
    ) -> Release:
        """Publish an archive with particulars."""
        release = Release(
            built=built,
            yanked=yanked,
            upload_time=upload_time,
            hashed=hashed,
            sha256=sha256,
            hashes=hashes,
            metadata=metadata,
        )
        return self.add(built, release)

    def wheel(self, name: str, version: str, *requires: str, requires_python: str | None = None) -> Release:
        return self.add(make_wheel(name, version, requires=requires, requires_python=requires_python))

    def sdist(self, name: str, version: str, *requires: str, static: bool = True) -> Release:
        return self.add(make_sdist(name, version, requires=requires, static=static))

    def withdraw(self, filename: str) -> None:
        """Delete a file from the index."""
        for name, releases in self._releases.items():
            self._releases[name] = [release for release in releases if release.filename != filename]

    def names(self) -> list[str]:
        return sorted({*self._releases, *self.raw})

    def releases(self, name: str) -> list[Release]:
        return list(self._releases.get(normalized(name), ()))

    def __contains__(self, name: str) -> bool:
        return normalized(name) in self._releases or normalized(name) in self.raw

    def find(self, filename: str) -> Release | None:
        for releases in self._releases.values():
            for release in releases:
                if release.filename == filename:
                    return release
        return None


def registry(packages: Mapping[str, Versions] | None = None, /, **named: Versions) -> Registry:
    """Make a registry of pure wheels: name -> version -> requirements.

    Keyword names write ``_`` for ``-``; names that are no identifiers come in the positional mapping.
    """
    made = Registry()
    every = dict(packages or {}) | {name.replace("_", "-"): versions for name, versions in named.items()}
    for name, versions in every.items():
        for version, requires in versions.items():
            made.wheel(name, version, *requires)
    return made


def holding(*files: Built) -> Registry:
    """Make a registry of these files."""
    made = Registry()
    for file in files:
        made.publish(file)
    return made


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
