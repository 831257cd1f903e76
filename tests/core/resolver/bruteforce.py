"""What is true of small worlds, found by trying everything; shares nothing with the resolver but the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

__all__ = ["complaints", "is_solvable"]

Table = Mapping[str, Any]
Chosen = dict[str, str]
Wanted = dict[str, set[str]]
"""Extras by name."""


@cache
def _parsed(text: str) -> Requirement:
    return Requirement(text)


@cache
def _admits(specifier: SpecifierSet, version: str) -> bool:
    return specifier.contains(Version(version), prereleases=True)


@cache
def _holds(marker: str, environment: tuple[tuple[str, str], ...]) -> bool:
    return Marker(marker).evaluate(dict(environment))


@cache
def _python_fits(requires_python: str, version: str) -> bool:
    """Lower bounds count, upper bounds do not (S4)."""
    lower = ",".join(part for part in requires_python.split(",") if part.strip().startswith((">=", ">", "~=", "==")))
    return SpecifierSet(lower).contains(version, prereleases=True)


def _applying(texts: list[str], environment: Mapping[str, str]) -> Iterator[Requirement]:
    values = tuple(sorted(environment.items()))
    for text in texts:
        requirement = _parsed(text)
        if requirement.marker is None or _holds(str(requirement.marker), values):
            yield requirement


def _asked(world: Table, environment: Mapping[str, str]) -> list[Requirement]:
    """What the members that run here ask for, all their extras and groups selected."""
    found: list[Requirement] = []
    for member in world["members"].values():
        if _python_fits(member.get("requires-python", ""), environment["python_full_version"]):
            tables = [
                member.get("requires", []),
                *member.get("extras", {}).values(),
                *member.get("groups", {}).values(),
            ]
            for texts in tables:
                found.extend(_applying(texts, environment))
    return [requirement for requirement in found if requirement.name not in world["members"]]


def _of(release: Table, extras: set[str], environment: Mapping[str, str]) -> list[Requirement]:
    texts = list(release.get("requires", []))
    for extra in sorted(extras):
        texts += release.get("extras", {}).get(extra, [])
    return list(_applying(texts, environment))


def is_solvable(world: Table, environment: Mapping[str, str]) -> bool:
    """Whether the members' requirements can be met in one environment."""
    packages: Table = world.get("packages", {})
    python = environment["python_full_version"]

    def step(chosen: Chosen, extras: Wanted, todo: list[Requirement]) -> bool:
        todo = list(todo)
        while todo:
            requirement = todo.pop()
            name = requirement.name
            new = set(requirement.extras) - extras.get(name, set())
            if name in chosen:
                if not _admits(requirement.specifier, chosen[name]):
                    return False
                if new:
                    extras = {**extras, name: extras[name] | new}
                    todo += _of(packages[name][chosen[name]], extras[name], environment)
                continue
            for version, release in packages.get(name, {}).items():
                if _admits(requirement.specifier, version) and _python_fits(release.get("requires-python", ""), python):
                    more = _of(release, set(requirement.extras), environment)
                    if step({**chosen, name: version}, {**extras, name: set(requirement.extras)}, todo + more):
                        return True
            return False
        return True

    return step({}, {}, _asked(world, environment))


def complaints(
    world: Table, environment: Mapping[str, str], chosen: Mapping[str, list[str]], extras: Mapping[str, set[str]]
) -> list[str]:
    """What is wrong with a selection for one environment; ``chosen`` has all versions of each name."""
    packages: Table = world.get("packages", {})
    found = [f"{name} in versions {versions}" for name, versions in chosen.items() if len(versions) != 1]
    needed: set[str] = set()
    todo = [("a member", requirement) for requirement in _asked(world, environment)]
    for name, versions in chosen.items():
        release = packages[name][versions[0]]
        if not _python_fits(release.get("requires-python", ""), environment["python_full_version"]):
            found.append(f"{name} {versions[0]} does not run here")
        todo += [(f"{name} {versions[0]}", wanted) for wanted in _of(release, set(extras.get(name, ())), environment)]
    for parent, requirement in todo:
        needed.add(requirement.name)
        if requirement.name not in chosen:
            found.append(f"{parent} asks for {requirement}, which is not there")
        elif not _admits(requirement.specifier, chosen[requirement.name][0]):
            found.append(f"{parent} asks for {requirement}, and {chosen[requirement.name][0]} is there")
        elif not set(requirement.extras) <= set(extras.get(requirement.name, ())):
            found.append(f"{parent} asks for {requirement}, and only {extras.get(requirement.name)} are on")
    found += [f"{name} is there and nothing asks for it" for name in sorted(set(chosen) - needed)]
    return found
