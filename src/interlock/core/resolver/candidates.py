"""Which candidate of a package to try, and which cannot be tried: preferences, policy, Pythons and platforms."""

from __future__ import annotations

from collections.abc import Iterator, Set
from copy import copy
from typing import NamedTuple

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.tags import implied_marker
from interlock.core.markers.diagram import TRUE, Marker, any_of, lower_bound_marker, parse_marker
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.facts import Facts, Known, Segment, Universe
from interlock.core.resolver.incompatibility import Reason
from interlock.core.resolver.pinned import Pinned
from interlock.core.resolver.problem import Preference, Problem
from interlock.core.resolver.pythons import Pythons
from interlock.core.sources.source import Registry, Source
from interlock.core.versions.version_list import mentions_prerelease, parse_version

__all__ = ["Candidates", "Rejection", "Usability", "usable_artifacts"]

_TIMESTAMP = len("YYYY-MM-DDTHH:MM:SS")


class Rejection(NamedTuple):
    """Candidates that may never be chosen, whatever the fork."""

    mask: int
    reason: Reason
    detail: str


class Usability(NamedTuple):
    """Where a candidate can be used."""

    python: Marker
    """Environments whose Python one of its files admits (lower bounds only)."""
    platform: Marker
    """Environments one of its files can be installed in; ``TRUE`` within :attr:`python` when it has an sdist."""
    has_files: bool


def usable_artifacts(
    artifacts: tuple[Artifact, ...], *, cutoff: str, no_build: bool, no_binary: bool, yanked: bool
) -> tuple[Artifact, ...]:
    """The files of a version that the policy leaves."""
    limit = cutoff[:_TIMESTAMP]
    return tuple(
        artifact
        for artifact in artifacts
        if not (limit and (not artifact.upload_time or artifact.upload_time[:_TIMESTAMP] >= limit))
        and not (artifact.yanked and not yanked)
        and not (no_binary if artifact.is_wheel else no_build)
    )


class Candidates:
    """Chooses candidates for one problem; shared by all forks."""

    def __init__(self, problem: Problem, facts: Facts, pinned: Pinned) -> None:
        self._policy = problem.policy
        self._problem = problem
        self._facts = facts
        self._pinned = pinned
        self._admission: dict[NormalizedName, dict[int, Marker]] = {}
        self.pythons = Pythons(facts, self.artifacts, self._newer)
        self._artifacts: dict[NormalizedName, dict[int, tuple[Artifact, ...]]] = {}
        self._usability: dict[NormalizedName, dict[int, Usability]] = {}
        self._rejections: dict[NormalizedName, tuple[Rejection, ...]] = {}
        self._prereleases: dict[NormalizedName, int] = {}
        self._direct: dict[NormalizedName, list[tuple[Requirement, Source | None]]] = {}
        self._preferences: dict[NormalizedName, list[tuple[Preference, Marker | None]]] = {
            name: [(wish, _where(wish.markers)) for wish in wishes] for name, wishes in problem.preferences.items()
        }
        self._from_forks: dict[NormalizedName, list[int]] = {}
        for member in (*problem.members, *(package.asks for package in problem.direct)):
            for ask in member.every():
                self._direct.setdefault(ask.requirement.name, []).append((ask.requirement, ask.source))
        for ask in (*problem.limits.constraints, *problem.limits.overrides):
            self._direct.setdefault(ask.requirement.name, []).append((ask.requirement, ask.source))

    def prefer(self, name: NormalizedName, position: int) -> None:
        """Remember what an earlier fork chose."""
        chosen = self._from_forks.setdefault(name, [])
        if position not in chosen:
            chosen.append(position)

    def anew(self) -> Candidates:
        """The same before any fork has chosen."""
        other = copy(self)
        other._from_forks = {}
        other._usability = {}
        return other

    # ---- what is out of the question -------------------------------------------------------------------------

    def rejections(self, name: NormalizedName, where: Marker) -> tuple[Rejection, ...]:
        """What may be chosen nowhere in a region."""
        found = self._ruled_out(name)
        admissions = self._admissions(name)
        if not admissions:
            return found
        yanked = sum(1 << at for at, admitted in admissions.items() if admitted.is_disjoint(where))
        return (Rejection(yanked, "yanked", ""), *found) if yanked else found

    def _ruled_out(self, name: NormalizedName) -> tuple[Rejection, ...]:
        """By the settings, which hold everywhere."""
        found = self._rejections.get(name)
        if found is None:
            universe = self._facts.universes[name]
            found = self._rejections[name] = tuple(
                rejection for segment in universe.segments for rejection in self._rejected(universe, segment)
            )
        return found

    def _rejected(self, universe: Universe, segment: Segment) -> Iterator[Rejection]:
        listing, name = segment.listing, universe.name
        if listing is None:
            return
        cutoff = self._policy.cutoff_of(name)
        if cutoff:
            limit = cutoff[:_TIMESTAMP]
            uploads = listing.first_upload or ("",) * len(listing.versions)
            mask = sum(1 << i for i, upload in enumerate(uploads) if not upload or upload[:_TIMESTAMP] >= limit)
            if mask:
                yield Rejection(mask << segment.offset, "cutoff", cutoff)
        prerelease = self._policy.prerelease_of(name)
        if prerelease in {"disallow", "explicit"} and listing.prereleases:
            mask = sum(1 << position for position in listing.prereleases) << segment.offset
            if prerelease == "explicit" and any(
                mentions_prerelease(requirement.specifier) for requirement, _ in self._direct.get(name, ())
            ):
                mask = 0
            if mask:
                yield Rejection(mask, "prerelease", prerelease)

    # ---- what was yanked -------------------------------------------------------------------------------------

    def admission(self, name: NormalizedName, position: int) -> Marker:
        """Where a candidate may be chosen: everywhere, or if it is yanked where it is pinned or was locked."""
        return self._admissions(name).get(position, TRUE)

    def readmit(self, names: Set[NormalizedName]) -> bool:
        """Judge again what was yanked, by all that is known of Pythons now; whether that changes anything."""
        before = {name: self._admission.pop(name) for name in names if name in self._admission}
        return any(self._admissions(name) != known for name, known in before.items())

    def has_yanked(self, name: NormalizedName) -> bool:
        """Whether any candidate of a package was yanked, so that what may be chosen depends on where."""
        return bool(self._admissions(name))

    def _admissions(self, name: NormalizedName) -> dict[int, Marker]:
        """By yanked candidate of a package."""
        found = self._admission.get(name)
        if found is None:
            universe = self._facts.universes[name]
            yanked = [
                segment.offset + position
                for segment in universe.segments
                if segment.listing is not None
                for position in segment.listing.yanked
            ]
            found = self._admission[name] = {position: self._admitted_where(universe, position) for position in yanked}
        return found

    def _admitted_where(self, universe: Universe, position: int) -> Marker:
        found = any_of(
            TRUE if where is None else where
            for wish, where in self._preferences.get(universe.name, ())
            if universe.find(wish.version, wish.source) == position
        )
        for pin in self._pinned.of(universe.name):
            mask = universe.mask(pin.specifier, pin.source)
            if mask >> position & 1:
                found = found | self._needed_by(universe, position, mask, pin.where)
        return found

    def _needed_by(self, universe: Universe, position: int, mask: int, where: Marker) -> Marker:
        """Where a pin cannot be met by anything but yanked candidates: ``==2`` is met by ``2`` and by ``2+local``.

        Where neither has a file, it is met by the one that is not yanked, if that runs there at all.
        """
        others = [self.usability(universe.name, other) for other in self._unyanked(universe, mask)]
        served = any_of(other.platform for other in others)
        if served.is_disjoint(where):
            return where
        runs = any_of(other.python for other in others)
        return where & ~served & (self.usability(universe.name, position).platform | ~runs)

    def _unyanked(self, universe: Universe, mask: int) -> Iterator[int]:
        """The candidates of a set that nothing rules out."""
        for rejection in self._ruled_out(universe.name):
            mask &= ~rejection.mask
        for segment in universe.segments:
            if segment.listing is not None:
                mask &= ~(sum(1 << at for at in segment.listing.yanked) << segment.offset)
        while mask:
            other = mask.bit_length() - 1
            mask &= ~(1 << other)
            if self.usability(universe.name, other).has_files:  # pragma: no branch - files gone beside a yank
                yield other

    # ---- where a candidate can be used -----------------------------------------------------------------------

    def artifacts(self, name: NormalizedName, position: int) -> tuple[Artifact, ...]:
        """The files of a candidate that policy leaves."""
        known = self._artifacts.setdefault(name, {})
        found = known.get(position)
        if found is None:
            found = known[position] = self._left(name, position)
        return found

    def _left(self, name: NormalizedName, position: int) -> tuple[Artifact, ...]:
        universe = self._facts.universes[name]
        segment = universe.segment(position)
        files = universe.artifacts(position)
        if segment.listing is None:
            return files
        policy = self._policy
        all_yanked = position - segment.offset in segment.listing.yanked
        return usable_artifacts(
            files,
            cutoff=policy.cutoff_of(name),
            no_build=policy.rules_out_builds(name),
            no_binary=policy.rules_out_wheels(name),
            yanked=all_yanked,
        )

    def usability(self, name: NormalizedName, position: int) -> Usability:
        known = self._usability.setdefault(name, {})
        found = known.get(position)
        if found is None:
            found = known[position] = self._usable(name, position)
        return found

    def _usable(self, name: NormalizedName, position: int) -> Usability:
        universe = self._facts.universes[name]
        if universe.segment(position).listing is None:
            known = self._facts.dependencies.get((name, position))
            python = lower_bound_marker(known.requires_python) if isinstance(known, Known) else TRUE
            return Usability(python, TRUE, has_files=True)
        files = self.artifacts(name, position)
        python = self.pythons.of(name, position)
        # An sdist stands in for missing wheels even where building is forbidden: that is judged at install time, and a
        # version must not depend on which platforms somebody builds for.
        sources = [artifact for artifact in universe.artifacts(position) if not artifact.is_wheel]
        platform = any_of({lower_bound_marker(artifact.requires_python) for artifact in sources}) & python
        if platform is not python:
            for artifact in files:
                if artifact.is_wheel:  # pragma: no branch - a source archive's Python counts above
                    where = implied_marker(artifact.filename) & lower_bound_marker(artifact.requires_python)
                    platform = platform | where
            platform = platform & python
        return Usability(python, platform, has_files=bool(files))

    # ---- what metadata and newer releases say of its Pythons ----------------------------------------------------

    def learn(self, name: NormalizedName, position: int) -> None:
        """Let the metadata of a candidate say where it runs, if it is known."""
        if self.pythons.learn(name, position):
            self._usability.pop(name, None)

    def _newer(self, name: NormalizedName, position: int) -> Iterator[int]:
        """The releases of the same source after a candidate that could be taken instead, the newest first.

        What members and settings ask for themselves counts: who pins an old release means that one.
        """
        universe = self._facts.universes[name]
        segment = universe.segment(position)
        mask = segment.mask & ~((2 << position) - 1)
        for rejection in self._ruled_out(name):
            mask &= ~rejection.mask  # pragma: no cover - nothing is ruled out above an upper bound in any world
        if segment.listing is not None:  # pragma: no branch - a tree has one version, and none is newer
            mask &= ~(sum(1 << at for at in segment.listing.yanked) << segment.offset)
        early = self._prerelease_mask(universe)
        if self._policy.prerelease_of(name) != "allow" and not early >> position & 1:
            mask &= ~early
        for requirement, _ in self._direct.get(name, ()):
            mask &= universe.mask(requirement.specifier)
        while mask:
            newest = mask.bit_length() - 1
            mask &= ~(1 << newest)
            if self.artifacts(name, newest):  # pragma: no branch - files gone above an upper bound
                yield newest

    # ---- choice ----------------------------------------------------------------------------------------------

    def locked(self, name: NormalizedName, mask: int, env: Marker) -> int | None:
        """A candidate within the mask that was locked for such environments."""
        universe = self._facts.universes[name]
        for wish, where in self._preferences.get(name, ()):
            if where is None or not where.is_disjoint(env):
                position = universe.find(wish.version, wish.source)
                if position is not None and mask >> position & 1:
                    return position
        return None

    def next(self, name: NormalizedName, mask: int, env: Marker) -> tuple[int, bool]:
        """What to try first among those of a non-empty mask, and whether because it was locked.

        Otherwise it is the best, so that what one fork asks for decides nothing in another; with
        ``fork-strategy = "fewest"`` it is what an earlier fork chose, where that is admitted here too.
        """
        position = self.locked(name, mask, env)
        if position is not None:
            return position, True
        if self._policy.fork_strategy == "fewest":
            admitted = self._admitted(name, mask)
            for position in self._from_forks.get(name, ()):
                if admitted >> position & 1:
                    return position, False
        return self.best(name, mask), False

    def _admitted(self, name: NormalizedName, mask: int) -> int:
        """Those of a non-empty mask that need not be asked for, or all when there are none."""
        universe = self._facts.universes[name]
        mask = mask & universe.default_mask or mask
        if self._policy.prerelease_of(name) != "allow":
            mask = mask & ~self._prerelease_mask(universe) or mask
        return mask

    def best(self, name: NormalizedName, mask: int) -> int:
        """The best candidate of a non-empty mask by what the policy says."""
        mask = self._admitted(name, mask)
        if self._lowest(name):
            return (mask & -mask).bit_length() - 1
        return mask.bit_length() - 1

    def _lowest(self, name: NormalizedName) -> bool:
        mode = self._policy.resolution
        return mode == "lowest" or (mode == "lowest-direct" and name in self._direct)

    def _prerelease_mask(self, universe: Universe) -> int:
        found = self._prereleases.get(universe.name)
        if found is None:
            found = 0
            for segment in universe.segments:
                if segment.listing is not None and segment.listing.prereleases:
                    found |= sum(1 << i for i in segment.listing.prereleases) << segment.offset
            self._prereleases[universe.name] = found
        return found

    def without_local(self, name: NormalizedName, position: int, mask: int) -> int | None:
        """For a local version (``1.0+cpu``): the same version without the local part, when it is in the mask."""
        universe = self._facts.universes[name]
        segment = universe.segment(position)
        version = segment.versions.version(position - segment.offset)
        if version.local is None or not isinstance(segment.source, Registry):
            return None
        base = segment.versions.position(str(parse_version(version.public)))
        if base is None or not mask >> (base + segment.offset) & 1:
            return None
        return base + segment.offset


def _where(markers: tuple[str, ...]) -> Marker | None:
    return any_of(map(parse_marker, markers)) if markers else None
