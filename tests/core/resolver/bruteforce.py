"""What is true of small worlds, found by trying everything; shares nothing with the resolver but the input.

A world is as in :mod:`tests.core.resolver.world`, without members that ask for members and without direct sources.
``left_out`` names what is not selected of the members (``app``, ``app[extra]``, ``app:group``); all else is.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

__all__ = ["Everything", "complaints", "is_solvable"]

Table = Mapping[str, Any]
Chosen = dict[str, str]
Wanted = dict[str, set[str]]
"""Extras by name."""
Values = Mapping[str, str]
"""The variables of an environment."""

_SYSTEMS = {"win": "win32", "manylinux": "linux", "macosx": "darwin"}


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
    """Lower bounds and holes count, upper bounds do not (S4)."""
    counting = (">=", ">", "~=", "==", "!=")
    lower = ",".join(part for part in requires_python.split(",") if part.strip().startswith(counting))
    return SpecifierSet(lower).contains(version, prereleases=True)


def _runs_on(release: Mapping[str, Any], version: str) -> bool:
    """What the index says of the files and what the metadata says, together."""
    own = release.get("requires-python", "")
    return _python_fits(own, version) and _python_fits(release.get("page-requires-python", own), version)


def _applies(requirement: Requirement, values: Values) -> bool:
    return requirement.marker is None or _holds(str(requirement.marker), tuple(sorted(values.items())))


class Everything:
    """A world and all the environments that its markers can tell apart."""

    def __init__(self, world: Table, environments: Mapping[str, Values]) -> None:
        self._world = world
        self._options: Table = world.get("options", {})
        self._packages: Table = world.get("packages", {})
        self.environments = {name: values for name, values in environments.items() if self._counts(values)}
        """Those that some member runs in and that the options admit."""

    def __repr__(self) -> str:
        return f"<Everything in {len(self.environments)} environments>"

    def distinct(self) -> list[str]:
        """One of each lot of environments that nothing in the world tells apart."""
        lots: dict[tuple[object, ...], str] = {}
        for name, values in self.environments.items():
            lots.setdefault(tuple(self._told_apart(values)), name)
        return list(lots.values())

    def _told_apart(self, values: Values) -> Iterator[object]:
        releases = [release for versions in self._packages.values() for release in versions.values()]
        texts = [text for release in releases for text in release.get("requires", ())]
        texts += [text for release in releases for found in release.get("extras", {}).values() for text in found]
        texts += [text for found in self._of_members() for text in found]
        for text in texts:
            yield _applies(_parsed(text), values)
        for release in releases:
            yield _runs_on(release, values["python_full_version"])
        for member in self._world["members"].values():
            yield self._runs(member, values)
        for required in self._options.get("required-environments", ()):
            yield _holds(required, tuple(sorted(values.items())))

    def _counts(self, values: Values) -> bool:
        declared = self._options.get("environments", ())
        runs = any(self._runs(member, values) for member in self._world["members"].values())
        return runs and (not declared or any(_holds(text, tuple(sorted(values.items()))) for text in declared))

    def _runs(self, member: Table, values: Values) -> bool:
        return SpecifierSet(member.get("requires-python", "")).contains(values["python_full_version"], prereleases=True)

    def _of_members(self) -> Iterator[Sequence[str]]:
        for member in self._world["members"].values():
            yield from (
                member.get("requires", ()),
                *member.get("extras", {}).values(),
                *member.get("groups", {}).values(),
            )
        yield self._options.get("constraints", ())
        yield self._options.get("overrides", ())

    def asked(self, values: Values, left_out: Collection[str] = ()) -> list[Requirement]:
        """What the members that run here ask for."""
        found: list[Requirement] = []
        for name, member in self._world["members"].items():
            if not self._runs(member, values):
                continue
            parts = {name: member.get("requires", ())}
            parts |= {f"{name}[{extra}]": texts for extra, texts in member.get("extras", {}).items()}
            parts |= {f"{name}:{group}": texts for group, texts in member.get("groups", {}).items()}
            if name in left_out:
                # A group can be selected without its member.
                parts = {part: texts for part, texts in parts.items() if part.startswith(f"{name}:")}
            for part, texts in parts.items():
                if part not in left_out:
                    found += self._applying(texts, values)
        return found

    def of(self, name: str, version: str, extras: Collection[str], values: Values) -> list[Requirement]:
        """What a release with these extras asks for."""
        release = self._packages[name][version]
        texts = list(release.get("requires", []))
        for extra in sorted(extras):
            texts += release.get("extras", {}).get(extra, [])
        return self._applying(texts, values)

    def _applying(self, texts: Sequence[str], values: Values) -> list[Requirement]:
        """The requirements that hold; an override replaces what a name is asked with, marker and all."""
        overrides = [_parsed(text) for text in self._options.get("overrides", ())]
        found: list[Requirement] = []
        for requirement in map(_parsed, texts):
            if requirement.name in self._options.get("excludes", ()):
                continue
            replacing = [override for override in overrides if override.name == requirement.name]
            extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
            found += [
                _parsed(f"{wanted.name}{extras}{wanted.specifier}")
                for wanted in replacing or [requirement]
                if _applies(wanted, values)
            ]
        return found

    def candidates(self, requirement: Requirement, values: Values, left_out: Collection[str]) -> list[str]:
        """The versions that a requirement and the options leave."""
        return [
            version
            for version in self._packages.get(requirement.name, {})
            if _admits(requirement.specifier, version)
            and not self.obstacle(requirement.name, version, values, left_out)
        ]

    def obstacle(self, name: str, version: str, values: Values, left_out: Collection[str]) -> str:
        """Why a version must not be used here, whoever asks for it; empty when nothing speaks against it.

        What is left out pins nothing for the others; but where nothing of a conflict is selected, what is locked goes
        with one of its sides.
        """
        release = self._packages[name][version]
        if not _runs_on(release, values["python_full_version"]):
            return "does not run here"
        if "unusable" in release:
            return "is unusable"
        if release.get("yanked") is True and not any(
            _admits(pin.specifier, version) and not self._is_met(pin, values)
            for with_a_side in self._with_sides(left_out)
            for pin in self._pins(name, values, with_a_side)
        ):
            return "is yanked and nothing here pins it"
        for constraint in map(_parsed, self._options.get("constraints", ())):
            applies = constraint.name == name and _applies(constraint, values)
            if applies and not _admits(constraint.specifier, version):
                return f"is not within the constraint {constraint}"
        if not self._serves(release, ""):
            return "has nothing for any environment of the lock"
        for required in self._options.get("required-environments", ()):
            if _holds(required, tuple(sorted(values.items()))) and not self._serves(release, required):
                return f"has nothing for {required}"
        return ""

    def _with_sides(self, left_out: Collection[str]) -> Iterator[list[str]]:
        """What is left out, with one item less of each conflict that is left out wholly."""
        whole = [items for items in self._options.get("conflicts", ()) if set(items) <= set(left_out)]
        for sides in itertools.product(*whole):
            yield [item for item in left_out if item not in sides]

    def _pins(self, name: str, values: Values, left_out: Collection[str]) -> Iterator[Requirement]:
        """The exact requirements on a package that apply here."""
        settings = [*self._options.get("constraints", ()), *self._options.get("overrides", ())]
        for pin in (*self.asked(values, left_out), *(one for one in map(_parsed, settings) if _applies(one, values))):
            exact = any(clause.operator == "==" and not clause.version.endswith(".*") for clause in pin.specifier)
            if pin.name == name and exact:
                yield pin

    def _is_met(self, pin: Requirement, values: Values) -> bool:
        """Whether a version that is not yanked is what a pin means and can be used here."""
        releases = self._packages.get(pin.name, {})
        return any(
            _admits(pin.specifier, version)
            and release.get("yanked") is not True
            and (release.get("sdist") or any(_fits(tags, values) for tags in release.get("wheels", ["py3-none-any"])))
            and _runs_on(release, values["python_full_version"])
            for version, release in releases.items()
        )

    def _serves(self, release: Table, required: str) -> bool:
        """Whether a file fits some environment of those that must be served; of all when there is no marker."""
        return bool(release.get("sdist")) or any(
            _fits(tags, values) and _runs_on(release, values["python_full_version"])
            for values in self.environments.values()
            if not required or _holds(required, tuple(sorted(values.items())))
            for tags in release.get("wheels", ["py3-none-any"])
        )


@cache
def _system(tags: str) -> str:
    platform = tags.rpartition("-")[2]
    return next((system for prefix, system in _SYSTEMS.items() if platform.startswith(prefix)), "")


def _fits(tags: str, values: Values) -> bool:
    """Whether a wheel fits, the machine left aside: no marker of these worlds asks for it."""
    python = tags.partition("-")[0]
    system = _system(tags)
    if system and values["sys_platform"] != system:
        return False
    if not python.startswith("cp"):
        return True
    return values["implementation_name"] == "cpython" and python == "cp" + values["python_version"].replace(".", "")


def is_solvable(everything: Everything, values: Values, left_out: Collection[str] = ()) -> bool:
    """Whether the members' requirements can be met in one environment."""

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
                    todo += everything.of(name, chosen[name], extras[name], values)
                continue
            for version in everything.candidates(requirement, values, left_out):
                more = everything.of(name, version, requirement.extras, values)
                if step({**chosen, name: version}, {**extras, name: set(requirement.extras)}, todo + more):
                    return True
            return False
        return True

    return step({}, {}, everything.asked(values, left_out))


def complaints(
    everything: Everything,
    values: Values,
    chosen: Mapping[str, list[str]],
    extras: Mapping[str, set[str]],
    left_out: Collection[str] = (),
) -> list[str]:
    """What is wrong with a selection for one environment; ``chosen`` has all versions of each name."""
    found = [f"{name} in versions {versions}" for name, versions in chosen.items() if len(versions) != 1]
    needed: set[str] = set()
    todo = [("a member", requirement) for requirement in everything.asked(values, left_out)]
    for name, versions in chosen.items():
        obstacle = everything.obstacle(name, versions[0], values, left_out)
        if obstacle:
            found.append(f"{name} {versions[0]} {obstacle}")
        wanted = everything.of(name, versions[0], extras.get(name, ()), values)
        todo += [(f"{name} {versions[0]}", requirement) for requirement in wanted]
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
