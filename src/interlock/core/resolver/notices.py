"""What is odd about a solution, though it stands: unknown extras, versions taken back, projects given up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from interlock.core.markers.diagram import format_marker, simplify
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import format_requirement
from interlock.core.resolver.dependencies import Dependency
from interlock.core.resolver.facts import Known, Unusable
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.notice import Notice
from interlock.core.resolver.python_notice import bounds_passed_over
from interlock.core.resolver.resolution import ForkSolution
from interlock.core.resolver.resolver import Resolver

__all__ = ["notices"]

_GIVEN_UP = {
    "archived": "its index says that no further versions are to be expected",
    "deprecated": "its index says that its authors advise against using it",
    "quarantined": "its index holds it to be unsafe",
}
"""What the status of a project (PEP 792) tells those who need it."""


def notices(resolver: Resolver, forks: Iterable[ForkSolution]) -> tuple[Notice, ...]:
    """Each once, sorted.

    Extras and projects are judged where members ask for them: what packages ask for is not theirs to mend.
    """
    found: set[Notice] = set(_never_together(resolver))
    newest: dict[NormalizedName, int] = {}
    forks = tuple(forks)
    yanked, given_up = _of_note(resolver)
    asked: dict[tuple[PackageKey, int], list[Dependency]] = {}
    for fork in forks:
        for key, position in fork.chosen.items():
            newest[key.name] = max(position, newest.get(key.name, 0))
            if key.name in yanked and key.extra is None and key.group is None:
                found.update(_yanked(resolver, key, position))
            wanted = asked.get((key, position))
            if wanted is None:
                wanted = asked[key, position] = [
                    one
                    for one in resolver.dependencies.of(key, position)
                    if one.origin is not None and (one.requirement.extras or one.requirement.name in given_up)
                ]
            for dependency in wanted:
                target = fork.chosen.get(PackageKey(dependency.requirement.name, part=dependency.part))
                if target is not None:
                    found.update(_given_up(resolver, dependency.requirement.name, target))
                    found.update(_unknown_extras(resolver, dependency, target))
    found.update(_passed_over(resolver, newest))
    if text := bounds_passed_over(resolver, forks):
        found.add(Notice("python-upper-bound", (text,)))
    return tuple(sorted(found))


def _of_note(resolver: Resolver) -> tuple[set[NormalizedName], set[NormalizedName]]:
    """The packages with something that was yanked, and those whose status is to be told: few, so that nothing has to be
    looked at for all others."""
    yanked: set[NormalizedName] = set()
    given_up: set[NormalizedName] = set()
    for name, universe in resolver.facts.universes.items():
        for segment in universe.segments:
            if segment.listing is not None and segment.listing.yanked:
                yanked.add(name)
            if segment.listing is not None and segment.listing.status in _GIVEN_UP:
                given_up.add(name)
    return yanked, given_up


def _unknown_extras(resolver: Resolver, dependency: Dependency, target: int) -> Iterable[Notice]:
    """Extras that a member asks for and that what was chosen does not have."""
    name, origin = dependency.requirement.name, dependency.origin
    known = resolver.facts.dependencies.get((name, target))
    if origin is None or not isinstance(known, Known):
        return  # pragma: no cover - what is chosen is known, and those looked at are of members
    which = f"{name} {resolver.facts.universes[name].version(target)}".rstrip()
    who = f"`{origin.member}`" if origin.member else "The workspace root"
    text = format_requirement(dependency.requirement)
    for extra in dependency.requirement.extras:
        if extra not in known.extras and extra not in known.extra_requires:
            yield Notice("unknown-extra", (f"{who} requires `{text}`, but {which} has no extra `{extra}`.",))


def _passed_over(resolver: Resolver, newest: Mapping[NormalizedName, int]) -> Iterable[Notice]:
    """Newer versions than any that was chosen, whose metadata nobody can read."""
    for (name, position), known in resolver.facts.dependencies.items():
        if isinstance(known, Unusable) and known.unreadable and position > newest.get(name, position):
            version = resolver.facts.universes[name].version(position)
            yield Notice("unreadable-release", (f"{name} {version} was passed over: {known.reason}.",))


def _never_together(resolver: Resolver) -> Iterable[Notice]:
    """What nobody can select, because it reaches two sides of a conflict."""
    for contradiction in resolver.activation.contradictions():
        everywhere = resolver.world.implies(contradiction.where)
        where = "" if everywhere else f" where {format_marker(simplify(contradiction.where, resolver.world))}"
        yield Notice(
            "never-together",
            (
                f"{contradiction.item.key} needs both {contradiction.one.key} and {contradiction.other.key}, which are"
                f" declared to conflict: it cannot be selected{where}.",
            ),
        )


def _yanked(resolver: Resolver, key: PackageKey, position: int) -> Iterable[Notice]:
    universe = resolver.facts.universes[key.name]
    segment = universe.segment(position)
    at = position - segment.offset
    if segment.listing is not None and at in segment.listing.yanked:
        reason = segment.listing.yanked_because(at)
        why = f" ({reason})" if reason else ""
        yield Notice(
            "yanked",
            (f"{key.name} {universe.version(position)} is yanked{why}; it is pinned exactly or was locked before.",),
        )


def _given_up(resolver: Resolver, name: NormalizedName, position: int) -> Iterable[Notice]:
    listing = resolver.facts.universes[name].segment(position).listing
    if listing is not None and listing.status in _GIVEN_UP:
        yield Notice("project-status", (f"{name} is {listing.status}: {_GIVEN_UP[listing.status]}.",))
