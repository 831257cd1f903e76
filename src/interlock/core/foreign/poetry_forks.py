"""Where each of several versions of a package counts in a lock of Poetry 1.x, which does not say so.

It follows from who asks for what: a version counts where every requirement that holds admits it. Where two do, Poetry
has taken the newer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from interlock.core.markers.diagram import FALSE, TRUE, InvalidMarker, Marker, format_marker, parse_marker
from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.versions.poetry_constraint import InvalidConstraint, python_marker, specifier_of

__all__ = ["forks_of_poetry"]

_PASSES = 5
"""Versions of one package may ask for versions of another, and so on; deeper towers are left without forks."""


class _Key(NamedTuple):
    name: NormalizedName
    version: str


class _Asked(NamedTuple):
    name: NormalizedName
    specifier: SpecifierSet
    marker: Marker
    by: _Key | None


def forks_of_poetry(
    packages: Iterable[dict[str, object]], requirements: Iterable[Requirement]
) -> dict[tuple[NormalizedName, str], str]:
    """Name and version to a marker, for packages that are there in several versions.

    ``requirements`` are those of the project. A name is left out where the lock cannot be understood like that.
    """
    entries = {key: package for package in packages if (key := _key(package)) is not None}
    versions: dict[NormalizedName, list[str]] = {}
    for key in entries:
        versions.setdefault(key.name, []).append(key.version)
    several = {name for name, found in versions.items() if len(found) > 1}
    if not several:
        return {}
    asked = [
        *_of_project(requirements),
        *(one for key, package in entries.items() for one in _of_package(key, package)),
    ]
    by_name = {name: [one for one in asked if one.name == name] for name in several}
    pythons = {key: _pythons(package) for key, package in entries.items() if key.name in several}
    where = pythons
    for _ in range(_PASSES):
        # Each pass begins with what a version runs on: who asks for it may have been in too many places before.
        before, where = where, dict(where)
        for name in sorted(several):
            where.update(_placed([_Key(name, version) for version in versions[name]], by_name[name], pythons, where))
        if where == before:
            break
    broken = {key.name for key, marker in where.items() if marker.is_false}
    return {(key.name, key.version): format_marker(marker) for key, marker in where.items() if key.name not in broken}


def _key(package: dict[str, object]) -> _Key | None:
    name, version = package.get("name"), package.get("version")
    if not isinstance(name, str) or not is_name(name) or not isinstance(version, str):
        return None
    return _Key(normalize_name(name), version)


def _placed(
    versions: Iterable[_Key], asked: list[_Asked], pythons: Mapping[_Key, Marker], where: Mapping[_Key, Marker]
) -> Iterator[tuple[_Key, Marker]]:
    """Where each version of a package counts, when those who ask for it count ``where`` they are said to."""
    taken = FALSE
    for key in sorted(versions, key=lambda key: _order(key.version), reverse=True):
        here = pythons[key]
        for one in asked:
            if not one.specifier.contains(key.version, prereleases=True):
                here = here & ~(one.marker & (where.get(one.by, TRUE) if one.by is not None else TRUE))
        here = here & ~taken
        taken = taken | here
        yield key, here


def _order(version: str) -> tuple[bool, Version | str]:
    try:
        return True, Version(version)
    except InvalidVersion:
        return False, version


def _pythons(package: dict[str, object]) -> Marker:
    text = package.get("python-versions")
    try:
        marker = python_marker(text) if isinstance(text, str) and text != "*" else ""
        return parse_marker(marker) if marker else TRUE
    except (InvalidConstraint, InvalidMarker):
        return TRUE


def _of_project(requirements: Iterable[Requirement]) -> Iterator[_Asked]:
    for requirement in requirements:
        if requirement.url or not requirement.specifier:
            continue
        marker = parse_marker(requirement.marker) if requirement.marker else TRUE
        yield _Asked(requirement.name, SpecifierSet(requirement.specifier), marker, None)


def _of_package(key: _Key, package: dict[str, object]) -> Iterator[_Asked]:
    table = package.get("dependencies")
    for name, value in table.items() if isinstance(table, dict) else ():
        for entry in value if isinstance(value, list) else [value]:
            asked = _entry(key, name, entry)
            if asked is not None:
                yield asked


def _entry(key: _Key, name: str, entry: object) -> _Asked | None:
    table = entry if isinstance(entry, dict) else {"version": entry}
    constraint, marker = table.get("version"), table.get("markers", "")
    if not isinstance(constraint, str) or not isinstance(marker, str) or "extra" in marker or not is_name(name):
        return None
    try:
        specifier = SpecifierSet(specifier_of(constraint))
        return _Asked(normalize_name(name), specifier, parse_marker(marker) if marker else TRUE, key)
    except (InvalidConstraint, InvalidSpecifier, InvalidMarker):
        return None
