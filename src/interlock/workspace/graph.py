"""How members depend on each other: who needs whom, why, and in which order they can be built."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal

import msgspec

from interlock.core.manifests.group_includes import expand_group
from interlock.core.manifests.manifest import Manifest
from interlock.core.names import NormalizedName
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.errors import ManifestError
from interlock.workspace.members import Workspace

__all__ = ["BUILD_ORDER", "Dependency", "Graph", "MemberCycle", "Need", "member_graph"]


class MemberCycle(ManifestError):
    """Members need each other in a circle, so that there is no order."""

    code = "member-cycle"

    def __init__(self, cycle: tuple[NormalizedName, ...], kinds: Iterable[Need]) -> None:
        what = "to be built" if set(kinds) == {"build"} else "each other"
        super().__init__(
            f"These members need {what} in a circle: {' -> '.join(cycle)}.",
            hint="Remove one of these dependencies.",
            facts={"cycle": list(cycle)},
        )
        self.cycle = cycle


Need = Literal["runtime", "extra", "group", "build"]
"""What a member needs another for."""
BUILD_ORDER: frozenset[Need] = frozenset({"runtime", "build"})
"""What a member comes after when it is built or run; dev groups may need each other."""


class Dependency(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One member needs another."""

    member: NormalizedName
    needs: NormalizedName
    kind: Need
    label: str = ""
    """The extra's or the group's name."""


class Graph(msgspec.Struct, frozen=True, dict=True):
    names: tuple[NormalizedName, ...]
    """Every member, sorted."""
    dependencies: tuple[Dependency, ...]
    """Sorted."""

    @cached_property
    def _needs(self) -> dict[NormalizedName, list[Dependency]]:
        return _by(self.names, ((dependency.member, dependency) for dependency in self.dependencies))

    @cached_property
    def _needed_by(self) -> dict[NormalizedName, list[Dependency]]:
        return _by(self.names, ((dependency.needs, dependency) for dependency in self.dependencies))

    def needs(self, name: NormalizedName) -> tuple[Dependency, ...]:
        """What one member needs directly."""
        return tuple(self._needs[name])

    def dependencies_of(
        self, names: Iterable[NormalizedName], kinds: frozenset[Need] | None = None
    ) -> frozenset[NormalizedName]:
        """The members and all that they need, directly or not; ``kinds`` None follows every dependency."""
        return _reachable(names, {name: self._targets(name, kinds) for name in self.names})

    def dependents_of(
        self, names: Iterable[NormalizedName], kinds: frozenset[Need] | None = None
    ) -> frozenset[NormalizedName]:
        """The members and all that need them, directly or not."""
        return _reachable(
            names,
            {
                name: [item.member for item in self._needed_by[name] if kinds is None or item.kind in kinds]
                for name in self.names
            },
        )

    def order(self, kinds: frozenset[Need] = BUILD_ORDER) -> tuple[NormalizedName, ...]:
        """Members in an order in which each comes after all it needs, by name where that leaves a choice.

        Raises :class:`MemberCycle`.
        """
        return tuple(name for level in self.levels(kinds) for name in level)

    def levels(self, kinds: frozenset[Need] = BUILD_ORDER) -> tuple[tuple[NormalizedName, ...], ...]:
        """The same order in steps: the members of one step need nothing of each other."""
        open_needs = {name: {need for need in self._targets(name, kinds) if need != name} for name in self.names}
        waiting: dict[NormalizedName, list[NormalizedName]] = {name: [] for name in self.names}
        for name, needs in open_needs.items():
            for need in needs:
                waiting[need].append(name)
        found = []
        level = sorted(name for name in self.names if not open_needs[name])
        while level:
            found.append(tuple(level))
            free = []
            for done in level:
                for name in waiting[done]:
                    open_needs[name].discard(done)
                    if not open_needs[name]:
                        free.append(name)
            level = sorted(free)
        left = {name: needs for name, needs in open_needs.items() if needs}
        if left:
            raise MemberCycle(_circle(left), kinds)
        return tuple(found)

    def _targets(self, name: NormalizedName, kinds: frozenset[Need] | None) -> list[NormalizedName]:
        return [item.needs for item in self._needs[name] if kinds is None or item.kind in kinds]


def member_graph(workspace: Workspace) -> Graph:
    """The graph of a workspace: every requirement on a member's name, since such a name means the member."""
    known = workspace.by_name
    found: set[Dependency] = set()
    for member in workspace.members:
        for kind, label, requirements in _tables(member.manifest):
            for requirement in requirements:
                if requirement.name in known and requirement.name != member.name:
                    found.add(Dependency(member=member.name, needs=requirement.name, kind=kind, label=label))
    return Graph(tuple(known), tuple(sorted(found)))


def _tables(manifest: Manifest) -> Iterable[tuple[Need, str, tuple[Requirement, ...]]]:
    yield "runtime", "", manifest.dependencies
    for extra, requirements in manifest.extras.items():
        yield "extra", extra, requirements
    for group in manifest.groups:
        try:
            yield "group", group, expand_group(manifest, group)
        except ManifestError:
            continue  # an error when the group is asked for (PEP 735)
    if manifest.package and manifest.build_system is not None:
        yield "build", "", tuple(parse_requirement(text) for text in manifest.build_system.requires)


def _by(
    names: Iterable[NormalizedName], items: Iterable[tuple[NormalizedName, Dependency]]
) -> dict[NormalizedName, list[Dependency]]:
    found: dict[NormalizedName, list[Dependency]] = {name: [] for name in names}
    for name, item in items:
        found[name].append(item)
    return found


def _reachable(
    names: Iterable[NormalizedName], targets: dict[NormalizedName, list[NormalizedName]]
) -> frozenset[NormalizedName]:
    found: set[NormalizedName] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(targets[name])
    return frozenset(found)


def _circle(left: dict[NormalizedName, set[NormalizedName]]) -> tuple[NormalizedName, ...]:
    """A circle among members that wait for each other, beginning and ending with its first name."""
    path = [min(left)]
    while True:
        name = min(need for need in left[path[-1]] if need in left)
        if name in path:
            circle = path[path.index(name) :]
            start = circle.index(min(circle))
            return (*circle[start:], *circle[:start], min(circle))
        path.append(name)
