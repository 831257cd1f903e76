"""What a selection of a workspace needs, walked from the manifests and the chosen versions; reads no lock.

A workspace is as in :mod:`tests.core.lock.workspaces`. What a selection reaches counts as selected: items are members,
their extras and their groups, and the active ones are the least set that holds the selection and all that the
requirements of active items lead to in one environment.
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

__all__ = ["Walk", "unsolvable"]

Table = Mapping[str, Any]
Values = Mapping[str, str]
"""The variables of an environment."""


@cache
def _parsed(text: str) -> Requirement:
    return Requirement(text)


@cache
def _admits(specifier: str, version: str) -> bool:
    return SpecifierSet(specifier).contains(Version(version), prereleases=True)


@cache
def _holds(marker: str, environment: tuple[tuple[str, str], ...]) -> bool:
    return Marker(marker).evaluate(dict(environment))


@cache
def _python_fits(requires_python: str, version: str) -> bool:
    """Lower bounds count, upper bounds of packages do not."""
    lower = ",".join(part for part in requires_python.split(",") if part.strip().startswith((">=", ">", "~=", "==")))
    return _admits(lower, version)


def _is_exact(requirement: Requirement) -> bool:
    return any(clause.operator == "==" and not clause.version.endswith(".*") for clause in requirement.specifier)


class Walk:
    """A walk in one environment; ``chosen`` are the versions of packages by name, as they were read somewhere else.

    ``items`` are the active ones (``member``, ``member[extra]``, ``member:group``), ``needed`` the extras by package.
    """

    def __init__(self, workspace: Table, values: Values, chosen: Mapping[str, Sequence[str]]) -> None:
        self._workspace = workspace
        self._members: Table = workspace["members"]
        self._options: Table = workspace["options"]
        self._values = tuple(sorted(values.items()))
        self._python = values["python_full_version"]
        self._chosen = chosen
        self.items: dict[str, str] = {}
        """With what led to each."""
        self.needed: dict[str, set[str]] = {}
        self._asked: list[tuple[str, Requirement]] = []

    def __repr__(self) -> str:
        return f"<Walk to {sorted(self.items)} and {sorted(self.needed)}>"

    def select(self, member: str, *, project: bool, extras: Sequence[str], groups: Sequence[str]) -> None:
        if project:
            self.reach(member)
        for extra in extras:
            self.reach(f"{member}[{extra}]")
        for group in groups:
            self.reach(f"{member}:{group}")

    def reach(self, item: str) -> None:
        self._reach_item(item, "the selection")

    # ---- what there is to say ------------------------------------------------------------------------------------

    def conflicts(self) -> list[list[str]]:
        """The items of one set of conflicts that are active together."""
        both = [[item for item in items if item in self.items] for items in self._options.get("conflicts", ())]
        return [items for items in both if len(items) > 1]

    def members(self) -> list[str]:
        """The members that are active themselves, not only by a group."""
        return [item for item in self.items if item in self._members]

    def strangers(self) -> list[str]:
        """The active members and groups that do not run on this Python."""
        found = []
        for item in self.items:
            member = self._members[_owner(item)]
            own = member.get("group-python", {}).get(item.partition(":")[2], "")
            if not _admits(member["requires-python"], self._python) or (own and not _admits(own, self._python)):
                found.append(item)
        return found

    def judge(self) -> list[str]:
        """What is wrong with the chosen versions, for everything that was reached."""
        found = self.clashes()
        for parent, requirement in self._asked:
            versions = self._chosen.get(requirement.name, ())
            if len(versions) != 1:
                found.append(f"{parent} asks for {requirement}, and there is {list(versions) or 'nothing'}")
        found += [f"{name} is there and nothing asks for it" for name in sorted(set(self._chosen) - set(self.needed))]
        return found

    def clashes(self) -> list[str]:
        """What speaks against versions that were chosen, whatever else there is to choose."""
        found = []
        for name in self.needed:
            versions = self._chosen.get(name, ())
            obstacle = self._obstacle(name, versions[0]) if len(versions) == 1 else ""
            if obstacle:
                found.append(f"{name} {versions[0]} {obstacle}")
        for parent, requirement in self._asked:
            versions = self._chosen.get(requirement.name, ())
            if len(versions) == 1 and not _admits(str(requirement.specifier), versions[0]):
                found.append(f"{parent} asks for {requirement}, and {versions[0]} is there")
        return found

    def unpinned(self) -> list[str]:
        """The chosen versions that are yanked, where no member that was reached and no setting pins them here."""
        settings = [_parsed(text) for key in ("constraints", "overrides") for text in self._options.get(key, ())]
        pins = [one for one in settings if one.marker is None or _holds(str(one.marker), self._values)]
        pins += [requirement for parent, requirement in self._asked if parent in self.items]
        return [
            name
            for name in self.needed
            for version in self._chosen.get(name, ())
            if self._workspace["packages"].get(name, {}).get(version, {}).get("yanked")
            and not any(pin.name == name and _is_exact(pin) and _admits(str(pin.specifier), version) for pin in pins)
        ]

    def asked_of(self, name: str) -> list[str]:
        """The specifiers that a package is asked for with."""
        return [str(requirement.specifier) for _, requirement in self._asked if requirement.name == name]

    def would_do(self, name: str, version: str) -> bool:
        """Whether a release could stand for the chosen one, whatever else there is: one that asks for nothing."""
        release = self._workspace["packages"][name][version]
        if release.get("requires") or release.get("extras") or self._obstacle(name, version):
            return False
        return all(_admits(specifier, version) for specifier in self.asked_of(name))

    # ---- walking -------------------------------------------------------------------------------------------------

    def _reach_item(self, item: str, parent: str) -> None:
        if item in self.items:
            return
        self.items[item] = parent
        name, _, group = item.partition(":")
        name, _, extra = name.removesuffix("]").partition("[")
        member = self._members[name]
        if extra:
            self._reach_item(name, item)
            self._ask(member["extras"][extra], item)
        elif group:
            self._ask(member["groups"][group], item)
        else:
            self._ask(member["requires"], item)

    def _ask(self, entries: Sequence[str | Mapping[str, str]], parent: str) -> None:
        for entry in entries:
            if not isinstance(entry, str):
                self._reach_item(f"{_owner(parent)}:{entry['include-group']}", parent)
                continue
            for requirement in self._applying(_parsed(entry)):
                if requirement.name in self._members:
                    self._reach_item(requirement.name, parent)
                    for extra in requirement.extras:
                        self._reach_item(f"{requirement.name}[{extra}]", parent)
                else:
                    self._reach_package(requirement, parent)

    def _applying(self, requirement: Requirement) -> Iterator[Requirement]:
        """The requirement if it holds here; an override stands in its place, marker and all."""
        if requirement.name in self._options.get("excludes", ()):
            return
        overrides = [_parsed(text) for text in self._options.get("overrides", ())]
        replacing = [override for override in overrides if override.name == requirement.name]
        for wanted in replacing or [requirement]:
            if wanted.marker is None or _holds(str(wanted.marker), self._values):
                extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
                yield _parsed(f"{wanted.name}{extras}{wanted.specifier}")

    def _reach_package(self, requirement: Requirement, parent: str) -> None:
        name = requirement.name
        self._asked.append((parent, requirement))
        is_new = name not in self.needed
        known = self.needed.setdefault(name, set())
        new = set(requirement.extras) - known
        known |= new
        versions = self._chosen.get(name, ())
        if len(versions) != 1:
            return
        release = self._workspace["packages"].get(name, {}).get(versions[0])
        if release is None:
            return
        if is_new:
            self._ask(release.get("requires", ()), f"{name} {versions[0]}")
        for extra in sorted(new):
            self._ask(release.get("extras", {}).get(extra, ()), f"{name}[{extra}] {versions[0]}")

    def _obstacle(self, name: str, version: str) -> str:
        """Why a version must not be used here, whoever asks for it."""
        release = self._workspace["packages"].get(name, {}).get(version)
        if release is None:
            return "is not on the index"
        if not _python_fits(release.get("requires-python", ""), self._python):
            return f"requires Python {release['requires-python']}"
        for constraint in map(_parsed, self._options.get("constraints", ())):
            holds = constraint.marker is None or _holds(str(constraint.marker), self._values)
            if constraint.name == name and holds and not _admits(str(constraint.specifier), version):
                return f"is not within the constraint {constraint}"
        if release.get("yanked") and not any(
            pin.name == name and _admits(str(pin.specifier), version) for pin in self._pins()
        ):
            return "is yanked and nobody pins it"
        return ""

    def _pins(self) -> Iterator[Requirement]:
        """What pins one version exactly, in any manifest."""
        texts = [*self._options.get("constraints", ()), *self._options.get("overrides", ())]
        for member in self._members.values():
            texts += member["requires"]
            for entries in (*member["extras"].values(), *member["groups"].values()):
                texts += [entry for entry in entries if isinstance(entry, str)]
        for requirement in map(_parsed, texts):
            if _is_exact(requirement):
                yield requirement


def unsolvable(workspace: Table, values: Values) -> list[str]:
    """What speaks against a lock in an environment: what can be selected together and has no solution.

    A member, extra or group that asks for one that does not run where it does is such a thing as well. Only for
    workspaces in which no package asks for a member. Empty when all is well.
    """
    closures: dict[str, Walk] = {}
    for item in _items(workspace):
        walk = Walk(workspace, values, {})
        walk.reach(item)
        strangers = walk.strangers()
        if strangers and item not in strangers and _owner(item) not in strangers:
            return [item, *strangers]
        if not walk.conflicts() and not strangers:
            closures[item] = walk
    conflicting = _conflicting(workspace)
    fits = {
        item: {
            other
            for other, there in closures.items()
            if other != item and conflicting.isdisjoint(itertools.product(walk.items, there.items))
        }
        for item, walk in closures.items()
    }
    for together in _largest(fits):
        if not _is_solvable(workspace, values, together, {}):
            return sorted(together)
    return []


def _items(workspace: Table) -> Iterator[str]:
    for name, member in workspace["members"].items():
        yield name
        yield from (f"{name}[{extra}]" for extra in member["extras"])
        yield from (f"{name}:{group}" for group in member["groups"])


def _owner(item: str) -> str:
    return item.partition("[")[0].partition(":")[0]


def _conflicting(workspace: Table) -> set[tuple[str, str]]:
    sets = workspace["options"].get("conflicts", ())
    return {pair for items in sets for pair in itertools.permutations(items, 2)}


def _largest(fits: Mapping[str, set[str]]) -> Iterator[set[str]]:
    """The sets of items that all fit with each other and to which nothing can be added (Bron and Kerbosch)."""

    def grow(chosen: set[str], open_items: set[str], closed: set[str]) -> Iterator[set[str]]:
        if not open_items and not closed:
            yield chosen
        if open_items:
            pivot = max(sorted(open_items | closed), key=lambda item: len(fits[item] & open_items))
            for item in sorted(open_items - fits[pivot]):
                yield from grow(chosen | {item}, open_items & fits[item], closed & fits[item])
                open_items = open_items - {item}
                closed = closed | {item}

    yield from grow(set(), set(fits), set())


def _is_solvable(workspace: Table, values: Values, items: Collection[str], chosen: dict[str, list[str]]) -> bool:
    walk = Walk(workspace, values, chosen)
    for item in sorted(items):
        walk.reach(item)
    if walk.clashes():
        return False
    name = next((name for name in walk.needed if name not in chosen), None)
    if name is None:
        # What others pin here and cannot be selected together with these is no help to them.
        return not walk.unpinned()
    return any(
        _is_solvable(workspace, values, items, {**chosen, name: [version]})
        for version in reversed(workspace["packages"].get(name, {}))
    )
