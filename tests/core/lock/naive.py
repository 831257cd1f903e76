"""What a selection of a workspace needs, walked from the manifests and the chosen versions; reads no lock.

A workspace is as in :mod:`tests.core.lock.workspaces`. What a selection reaches counts as selected: items are members,
their extras and their groups, and the active ones are the least set that holds the selection and all that the
requirements of active items lead to in one environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

__all__ = ["Walk"]

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


class Walk:
    """A walk in one environment; ``chosen`` are the versions of packages by name, as they were read somewhere else.

    ``items`` are the active ones (``member``, ``member[extra]``, ``member:group``), ``needed`` the extras by package,
    and ``complaints`` what is wrong with the versions.
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
        self.complaints: list[str] = []
        self._asked: list[tuple[str, Requirement]] = []

    def __repr__(self) -> str:
        return f"<Walk to {sorted(self.items)} and {sorted(self.needed)}>"

    def select(self, member: str, *, project: bool, extras: Sequence[str], groups: Sequence[str]) -> None:
        if project:
            self._reach_item(member, "selected")
        for extra in extras:
            self._reach_item(f"{member}[{extra}]", "selected")
        for group in groups:
            self._reach_item(f"{member}:{group}", "selected")

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
            name, _, group = item.partition("[")[0].partition(":")
            member = self._members[name]
            own = member.get("group-python", {}).get(group, "")
            if not _admits(member["requires-python"], self._python) or (own and not _admits(own, self._python)):
                found.append(item)
        return found

    def judge(self) -> list[str]:
        """What is wrong with the chosen versions, for everything that was reached."""
        found = list(self.complaints)
        for name in self.needed:
            versions = self._chosen.get(name, ())
            if len(versions) == 1:
                obstacle = self._obstacle(name, versions[0])
                if obstacle:
                    found.append(f"{name} {versions[0]} {obstacle}")
        for parent, requirement in self._asked:
            versions = self._chosen.get(requirement.name, ())
            if len(versions) != 1:
                found.append(f"{parent} asks for {requirement}, and there is {list(versions) or 'nothing'}")
            elif not _admits(str(requirement.specifier), versions[0]):
                found.append(f"{parent} asks for {requirement}, and {versions[0]} is there")
        found += [f"{name} is there and nothing asks for it" for name in sorted(set(self._chosen) - set(self.needed))]
        return found

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
                owner = parent.partition(":")[0]
                self._reach_item(f"{owner}:{entry['include-group']}", parent)
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
            return  # said by judge
        release = self._workspace["packages"].get(name, {}).get(versions[0])
        if release is None:
            if is_new:
                self.complaints.append(f"{name} has no {versions[0]}")
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
        if release.get("yanked") and not any(pin.name == name and _admits(str(pin.specifier), version) for pin in self._pins()):
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
            if any(clause.operator == "==" and not clause.version.endswith(".*") for clause in requirement.specifier):
                yield requirement
