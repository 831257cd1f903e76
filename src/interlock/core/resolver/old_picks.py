"""Old picks: versions years behind the newest that could be had, and who holds them there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from interlock.core.markers.diagram import Marker, any_of, format_marker, simplify
from interlock.core.names import NormalizedName
from interlock.core.resolver.dependencies import Dependency, admitted
from interlock.core.resolver.facts import Known
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.notice import Notice
from interlock.core.resolver.placed import Places
from interlock.core.resolver.report_text import requirement_text
from interlock.core.resolver.resolution import ForkSolution
from interlock.core.resolver.resolver import Resolver
from interlock.core.versions.version_list import parse_version

__all__ = ["old_picks"]

_YEARS = 3
"""Most projects support the Pythons of the last three years: what is older than that was made for others."""
_LONGEST_PLACE = 120

Pinned = frozenset[tuple[NormalizedName, str]]


def old_picks(
    resolver: Resolver,
    forks: Iterable[ForkSolution],
    before: Pinned = frozenset(),
) -> tuple[Notice, ...]:
    """One line for each version that is chosen now, was not before, and is years older than the newest that could be
    had in its place, if something that is required keeps the newer ones out.

    ``before`` are the names and versions of the lock that there was. Nothing is said where the oldest are wanted, of
    packages whose newest release is old, or where the Python alone is what makes them old.
    """
    if resolver.problem.policy.resolution != "highest":
        return ()
    return tuple(_Search(resolver, tuple(forks)).notices(before))


class _Pick(msgspec.Struct, frozen=True):
    """A version chosen in a fork, and the newest that its Pythons and platforms could have."""

    key: PackageKey
    chosen: int
    newest: int
    fork: ForkSolution


class _Search:
    def __init__(self, resolver: Resolver, forks: tuple[ForkSolution, ...]) -> None:
        self._resolver = resolver
        self._facts = resolver.facts
        self._forks = forks
        self._places = Places()

    def notices(self, before: Pinned) -> Iterator[Notice]:
        told: set[tuple[NormalizedName, int]] = set()
        for fork in self._forks:
            for key, chosen in fork.chosen.items():
                if key.extra is not None or key.group is not None or (key.name, chosen) in told:
                    continue
                newest = self._newest(key, chosen, fork.env)
                if newest is None or (key.name, self._version(key.name, chosen)) in before:
                    continue
                cause = self._cause(_Pick(key, chosen, newest, fork))
                if cause:
                    told.add((key.name, chosen))
                    text = f"{self._gap(key.name, chosen, newest)}: {cause}."
                    yield Notice("old-pick", self._places.pieces(text))

    def _newest(self, key: PackageKey, chosen: int, env: Marker) -> int | None:
        """The newest version of the same source that is usable there and years younger; None when there is none."""
        universe = self._facts.universes.get(key.name)
        if universe is None or chosen >= universe.size:
            return None
        segment = universe.segment(chosen)
        uploads = segment.listing.first_upload if segment.listing is not None else ()
        upload = uploads[chosen - segment.offset] if uploads else ""
        if not upload:
            return None
        late = f"{int(upload[:4]) + _YEARS}{upload[4:]}"
        candidates = self._resolver.candidates
        ruled_out = 0
        for rejection in candidates.rejections(key.name, env):
            ruled_out |= rejection.mask
        for at in reversed(range(chosen + 1 - segment.offset, len(uploads))):
            position = segment.offset + at
            version = universe.version(position)
            if ruled_out >> position & 1 or parse_version(version).is_prerelease:
                continue
            usability = candidates.usability(key.name, position)
            if usability.has_files and env.implies(usability.python) and not env.is_disjoint(usability.platform):
                return position if uploads[at] > late else None
        return None

    def _gap(self, name: NormalizedName, chosen: int, newest: int) -> str:
        return (
            f"{name} {self._dated(name, chosen)} is chosen{self._place(name, chosen)}, not {self._dated(name, newest)}"
        )

    def _place(self, name: NormalizedName, chosen: int) -> str:
        """The environments, where others have another version."""
        versions: dict[int, list[Marker]] = {}
        for fork in self._forks:
            for key, position in fork.chosen.items():
                if key.name == name and key.extra is None and key.group is None:
                    versions.setdefault(position, []).append(fork.env)
        if len(versions) < 2:
            return ""
        text = format_marker(simplify(any_of(versions[chosen]), self._resolver.world))
        return f" where {text}" if text and len(text) <= _LONGEST_PLACE else ""

    def _dated(self, name: NormalizedName, position: int) -> str:
        segment = self._facts.universes[name].segment(position)
        assert segment.listing is not None
        return f"{self._version(name, position)} ({segment.listing.first_upload[position - segment.offset][:4]})"

    def _version(self, name: NormalizedName, position: int) -> str:
        universe = self._facts.universes.get(name)
        return universe.version(position) if universe is not None and position < universe.size else ""

    # ---- who it is -------------------------------------------------------------------------------------------

    def _cause(self, pick: _Pick) -> str:
        """Who keeps the newest out: a requirement on the package, or one on what the newest requires."""
        fork = pick.fork
        direct = self._holding(fork, pick.key.name, 1 << pick.newest)
        if direct:
            return direct
        if not isinstance(self._facts.dependencies.get((pick.key.name, pick.newest)), Known):
            return ""
        who = f"{pick.key.name} {self._version(pick.key.name, pick.newest)}"
        for dependency in self._resolver.dependencies.of(pick.key, pick.newest):
            name = dependency.requirement.name
            universe = self._facts.universes.get(name)
            target = fork.chosen.get(PackageKey(name, part=dependency.part))
            if universe is None or target is None or dependency.marker.is_disjoint(fork.env):
                continue
            wanted = admitted(universe, dependency)
            held = "" if wanted >> target & 1 else self._holding(fork, name, wanted)
            if held:  # pragma: no branch - in no law's world something else holds it back
                return f"{who} requires `{requirement_text(dependency.requirement)}`, and {held}"
        return ""

    def _holding(self, fork: ForkSolution, name: NormalizedName, wanted: int) -> str:
        """A requirement of the fork that leaves nothing of what is wanted of a package; a member's before others."""
        universe = self._facts.universes[name]
        found = [
            (dependency.origin is None, self._said(key, position, dependency))
            for key, position in fork.chosen.items()
            for dependency in self._resolver.dependencies.of(key, position)
            if dependency.requirement.name == name
            and not dependency.marker.is_disjoint(fork.env)
            and not admitted(universe, dependency) & wanted
        ]
        return min(found)[1] if found else ""

    def _said(self, key: PackageKey, position: int, dependency: Dependency) -> str:
        text = requirement_text(dependency.requirement)
        if dependency.kind in {"constraint", "override"}:
            return f"the {dependency.kind} `{text}` allows no newer one"
        if dependency.origin is None:
            return f"{key} {self._version(key.name, position)} requires `{text}`"
        return f"`{key}` requires `{text}`{self._places.mark(dependency.origin)}"
