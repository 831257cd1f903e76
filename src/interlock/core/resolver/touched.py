"""Which packages conflicts touch, and so have to be chosen apart for their sides.

At first those that the members, extras and groups in conflict ask for themselves; then, when all is solved, what these
packages need in turn; and whenever a search fails over requirements that are never active together, what it failed on.
To choose too few apart costs another round, and never a wrong lock: each round is sound, whatever was apart in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from interlock.core.markers.diagram import Marker, extras_in, parse_marker, without_environment
from interlock.core.members.sides import Sides
from interlock.core.names import NormalizedName
from interlock.core.resolver.causes import leaves, steps
from interlock.core.resolver.dependencies import Dependencies, keys_of
from interlock.core.resolver.incompatibility import Incompatibility, PackageKey
from interlock.core.resolver.parts import Parts
from interlock.core.resolver.problem import Problem

__all__ = ["clashing", "first_parts", "touched"]

_Touched = dict[NormalizedName, set[int]]
_SEEDED = 8
"""Sides by which a package of the previous lock is at most chosen apart before anything is known."""


def first_parts(problem: Problem, sides: Sides, dependencies: Dependencies) -> Parts:
    """The parts to begin with: by what the conflicting items ask for, and as the previous lock had them."""
    members = {member.name for member in problem.members}
    asked: _Touched = {}
    for number, items in enumerate(sides.items):
        for item in items:
            for requirement, _ in dependencies.itself(item):
                if requirement.name not in members:
                    asked.setdefault(requirement.name, set()).add(number)
    locked: _Touched = {}
    for name, wishes in problem.preferences.items() if sides else ():
        keys = {key for wish in wishes for text in wish.markers for key in extras_in(parse_marker(text))}
        named = sides.named(keys)
        if named and len(named) <= _SEEDED and name not in members:
            locked[name] = set(named)
    return Parts(sides, locked, asked)


def touched(
    sides: Sides,
    chosen: Mapping[PackageKey, int],
    dependencies: Dependencies,
    members: Collection[NormalizedName],
) -> _Touched:
    """The packages of a solved fork that the items of each side reach without passing through other members."""
    found: _Touched = {}
    reached: dict[PackageKey, set[int]] = {}
    queue: list[PackageKey] = []
    for number, items in enumerate(sides.items):
        for item in items:
            key = PackageKey(item.member, item.extra, item.group)
            if key in chosen:
                reached.setdefault(key, set()).add(number)
                queue.append(key)
    while queue:
        key = queue.pop()
        for dependency in dependencies.of(key, chosen[key]):
            name = dependency.requirement.name
            if dependency.kind == "constraint" or name in members:
                continue
            found.setdefault(name, set()).update(reached[key])
            for child in keys_of(dependency):
                known = reached.setdefault(child, set())
                if child in chosen and not known >= reached[key]:
                    known |= reached[key]
                    queue.append(child)
    return found


def clashing(
    sides: Sides,
    cause: Incompatibility,
    keys: Sequence[PackageKey],
    members: Collection[NormalizedName],
    env: Marker | None = None,
) -> _Touched:
    """The packages a failure is about, with the sides to choose them apart for; none when it rests on nothing that is
    never active together.

    ``keys`` are the packages by number. With ``env`` the environments count too: what is active together nowhere in it.
    """
    if not sides:
        return {}
    asked = [leaf.marker for leaf in leaves(cause) if leaf.marker is not None]
    named = sides.named({key for marker in asked for key in extras_in(marker)})
    if not named or not _apart(sides, asked, env):
        return {}
    opposed = {side for side in named if not named.isdisjoint(sides.opponents(side))} or named
    names = {keys[package].name for step in steps(cause) for package, _ in step.terms}
    return {name: set(opposed) for name in names if name not in members}


def _apart(sides: Sides, asked: list[Marker], env: Marker | None) -> bool:
    """Whether markers never hold together in a selection that is allowed."""
    together: Marker | None = env
    for marker in asked:
        one = without_environment(marker) if env is None else marker
        together = one if together is None else together & one
    assert together is not None
    return sides.consistent(together, extras_in(together)).is_false
